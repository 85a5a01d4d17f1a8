"""A framework container's server, small: it calls a model's four functions as SageMaker's toolkit for scikit-learn does.

`python -I -S framework_container.py MODEL_FOLDER`: with the standard library alone, as nothing of tailgate is in a container. The
environment says which program; standard output says which port. By sagemaker_containers' _transformer.py and _worker.py: the body
is text where its type is, `*/*` accepts the default type, output_fn may answer (body, type).
"""

import importlib
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DEFAULT_TYPE = "application/json"
TEXTS = ("application/json", "text/csv", "application/jsonlines")

folder = Path(sys.argv[1])
sys.path.insert(0, str(folder / Path(os.environ["SAGEMAKER_SUBMIT_DIRECTORY"]).relative_to("/opt/ml/model")))
program = importlib.import_module(os.environ["SAGEMAKER_PROGRAM"].removesuffix(".py"))
model = program.model_fn(str(folder))


class Exchange(BaseHTTPRequestHandler):
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Well, as soon as the program is imported."""
        self.reply(b"", DEFAULT_TYPE)

    def do_POST(self) -> None:
        """One question to the model."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        content_type = self.headers.get("Content-Type") or DEFAULT_TYPE
        accept = self.headers.get("Accept")
        given = content.decode("utf-8", "replace") if content_type in TEXTS else content
        prediction = program.predict_fn(program.input_fn(given, content_type), model)
        self.reply(*program.output_fn(prediction, DEFAULT_TYPE if accept in (None, "*/*") else accept))

    def reply(self, body: bytes, content_type: str) -> None:
        """Status 200."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
print(server.server_port, flush=True)
server.serve_forever()
