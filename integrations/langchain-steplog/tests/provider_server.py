"""A local HTTP server that answers as a model provider does: recorded shapes as JSON, SSE, NDJSON or AWS event stream."""

import json
import struct
import threading
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RECORDED = Path(__file__).parent / "recorded"


@dataclass
class Reply:
    """One answer: whole, or as a stream of parts; `cut` breaks the connection off after the last part."""

    parts: list[bytes]
    kind: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stream: bool = False
    cut: bool = False

    def until(self, n: int, *last: bytes) -> "Reply":
        """This stream's first `n` parts, then `last`, or else a connection that breaks off."""
        parts = [*self.parts[:n], *last]
        return Reply(parts, self.kind, self.status, self.headers, self.stream, cut=not last)


def whole(name: str, status: int = 200, **headers: str) -> Reply:
    """The recorded JSON answer `name`."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Reply([(RECORDED / f"{name}.json").read_bytes()], "application/json", status, named)


def sse(name: str, **headers: str) -> Reply:
    """The recorded server-sent events `name`."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    events = (RECORDED / f"{name}.sse").read_bytes().split(b"\n\n")
    return Reply([e + b"\n\n" for e in events if e.strip()], "text/event-stream", 200, named, stream=True)


def ndjson(name: str) -> Reply:
    """The recorded newline-delimited JSON `name`."""
    lines = (RECORDED / f"{name}.ndjson").read_bytes().splitlines(keepends=True)
    return Reply(lines, "application/x-ndjson", stream=True)


def aws_events(name: str, **headers: str) -> Reply:
    """The recorded events `name`, one `{type: payload}` a line, in AWS's binary framing."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    lines = (RECORDED / f"{name}.events.ndjson").read_text().splitlines()
    events = [next(iter(json.loads(line).items())) for line in lines]
    parts = [aws_event(kind, payload) for kind, payload in events]
    return Reply(parts, "application/vnd.amazon.eventstream", 200, named, stream=True)


def aws_event(kind: str, payload: object, message: str = "event") -> bytes:
    """One event, or with `message="exception"` one exception, as AWS frames it."""
    headers = {
        f":{message}-type": kind,
        ":content-type": "application/json",
        ":message-type": message,
    }
    head = b"".join(
        bytes([len(k)]) + k.encode() + b"\x07" + struct.pack(">H", len(v)) + v.encode()
        for k, v in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 12 + len(head) + len(body) + 4, len(head))
    framed = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + body
    return framed + struct.pack(">I", zlib.crc32(framed))


class Provider:
    """Replies to be given in order, the last one again and again; and what was asked."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.asked: list[tuple[str, dict]] = []
        self.url = ""

    def gives(self, *replies: Reply) -> str:
        """Give these from now on; returns where to ask."""
        self.replies = list(replies)
        return self.url

    def next_reply(self, path: str, body: bytes) -> Reply:
        self.asked.append((path, json.loads(body or b"{}")))
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def serving():
    """A `Provider` that answers on the loopback interface while the block runs."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            reply = provider.next_reply(self.path, body)
            self.send_response(reply.status)
            self.send_header("content-type", reply.kind)
            # LangChain keeps clients per address: what they pool must not outlive the loop or server of a test.
            self.send_header("connection", "close")
            self.close_connection = True
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.stream:
                self._stream(reply)
            else:
                self.send_header("content-length", str(len(reply.parts[0])))
                self.end_headers()
                self.wfile.write(reply.parts[0])

        def _stream(self, reply: Reply) -> None:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for part in reply.parts:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            if not reply.cut:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
