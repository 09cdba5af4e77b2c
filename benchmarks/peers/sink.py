"""A server on the loopback that keeps what is sent to it: one file a request, unpacked.

    python sink.py FOLDER

Prints its address. It lives longer than the program that sends, as a service does.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
_NUMBERS = itertools.count()
# What LangSmith asks for before it sends anything.
_INGEST = {
    "use_multipart_endpoint": True, "size_limit": 100, "size_limit_bytes": 20_971_520, "scale_up_nthreads_limit": 16,
    "scale_up_qsize_trigger": 1000, "scale_down_nempty_trigger": 4,
}  # fmt: skip
_INFO = {"version": "0", "batch_ingest_config": _INGEST}


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(_INFO)

    def do_POST(self) -> None:
        (_FOLDER / f"{next(_NUMBERS):06d}").write_bytes(self._unpacked(self._body()))
        self._answer({})

    do_PATCH = do_POST  # noqa: N815 - the names are the base class's

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size + 2)[:-2])
        self.rfile.readline()
        return b"".join(parts)

    def _unpacked(self, body: bytes) -> bytes:
        match self.headers.get("Content-Encoding"):
            case "gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
            case "zstd":
                from backports import zstd

                return zstd.ZstdDecompressor().decompress(body)
            case _:
                return body

    def _answer(self, said: Any) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
