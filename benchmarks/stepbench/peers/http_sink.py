"""A server on the loopback that takes whatever is sent to it and counts the bytes; in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# What LangSmith asks for before it sends anything.
_INGEST = {
    "use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20_971_520, "scale_up_nthreads_limit": 16,
    "scale_up_qsize_trigger": 1000, "scale_down_nempty_trigger": 4,
}  # fmt: skip
_INFO = {"version": "0", "batch_ingest_config": _INGEST}


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    taken = 0

    def do_GET(self) -> None:
        self._answer({"bytes": _Sink.taken} if self.path == "/taken" else _INFO)

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline(), 16):
                _Sink.taken += len(self.rfile.read(size + 2)) - 2
            self.rfile.readline()
        else:
            _Sink.taken += len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self._answer({})

    do_PATCH = do_POST  # noqa: N815 - the names are the base class's

    def _answer(self, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the base class's
        pass


class HttpSink:
    """The server, started; `url` is where it listens."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stepbench.peers.http_sink"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def taken(self) -> int:
        """Bytes of bodies so far."""
        with urllib.request.urlopen(f"{self.url}/taken") as answer:
            return int(json.load(answer)["bytes"])

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()


def _serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve()
