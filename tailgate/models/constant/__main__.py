"""`python -m tailgate.models.constant`: serve the constant model."""

from __future__ import annotations

import argparse

from . import server


def main() -> int:
    """Serve until told to end; the address goes to standard output once it is listening."""
    parser = argparse.ArgumentParser(
        prog="python -m tailgate.models.constant", description="Serve the constant model by SageMaker's contract."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (a container needs 0.0.0.0)")
    parser.add_argument("--port", default=8080, type=int, help="port to listen on; 0 takes a free one")
    arguments = parser.parse_args()
    model = server.ModelServer(arguments.host, arguments.port)
    print(f"http://{arguments.host}:{model.server_port}", flush=True)
    model.serve_until_terminated()
    return 0


raise SystemExit(main())
