"""The page as a process and as a file, and the browser it is looked at with: what the page's tests import."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
    "--disable-sync", "--disable-default-apps", "--disable-domain-reliability", "--no-pings", "--enable-precise-memory-info",
)  # fmt: skip


def run_cli(*words: str, **options):
    """The command, as people call it."""
    program = "from steplog._cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


class Served:
    """`steplog view` as a process of its own."""

    def __init__(self, path: Path, *words: str) -> None:
        program = "from steplog._cli.main import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "view", str(path), "--no-open", "--port", "0", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + self.process.stderr.read()
        self.link = found[0]
        self.origin, self.port = self.link.partition("/?")[0], int(re.search(r":(\d+)/", self.link)[1])
        self.token = self.link.partition("token=")[2]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=10)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.process.stderr.close()


@contextlib.contextmanager
def serving(path: Path, *words: str):
    pytest.importorskip("starlette", reason="the extra `view` is not installed")
    pytest.importorskip("uvicorn", reason="the extra `view` is not installed")
    served = Served(path, *words)
    try:
        yield served
    finally:
        served.stop()


def placed(whole: bytes) -> list[tuple[int, int, bytes]]:
    """The lines of a whole run, between its head and its tail: each with its file and its number."""
    _, *lines, tail = whole.splitlines()
    assert tail.startswith(b"[{"), tail
    assert tail.endswith(b"}]"), tail
    found, file, number = [], -1, 0
    for line in lines:
        if line.startswith(b"["):
            file, number = json.loads(line)
        else:
            found.append((file, number, line))
            number += 1
    return found


def embedded(page: str) -> tuple[dict, dict[str, list[bytes]]]:
    """What stands in a single file: the listing, and each run's lines (head, lines and where they are, tail)."""
    text = re.search(r'<script id="data"[^>]*>([^<]*)</script>', page)[1]
    data = gzip.decompress(base64.b64decode(text))
    first, _, rest = data.partition(b"\n")
    runs = {}
    while rest:
        line, _, rest = rest.partition(b"\n")
        section = json.loads(line)
        runs[section["section"]] = rest[: section["size"]].splitlines()
        rest = rest[section["size"] :]
    return json.loads(first), runs
