"""Model servers of all manners, as programs on disk, and how they are asked and seen to be gone."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

import psutil

from tailgate.plan.case import EndpointSpec
from tailgate.targets import Endpoint

SERVER = """
import http.server, json, os, signal, subprocess, sys, time

class Exchange(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.reply(PING, b"")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = {"path": self.path, "authorization": self.headers.get("Authorization"), "pid": os.getpid(), "argv": sys.argv[1:]}
        self.reply(200, json.dumps(said).encode())
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

PING = 200
BEFORE
print("listening", file=sys.stderr, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Exchange).serve_forever()
"""

SPEC = EndpointSpec("ranker")
NEVER_S = 30.0


def ask(endpoint: Endpoint) -> dict:
    """What the server says of a request to the endpoint's address."""
    url = urlsplit(endpoint.addresses["public"].url)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=10)
    connection.request("POST", url.path, b"[1]")
    said: dict = json.load(connection.getresponse())
    connection.close()
    return said


def gone(pid: int, within_s: float = 5.0) -> bool:
    """Whether a process is gone, or will be in a moment."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
