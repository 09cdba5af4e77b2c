"""Programs run as a user runs them: a real process, with and without `steplog run`, and the log it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

STEPLOG_RUN = (sys.executable, "-c", "from steplog._cli.run import run; run(prog_name='steplog run')")


class Desk:
    """A folder to work in, a clean environment, and the log beside it."""

    STEPLOG_RUN = STEPLOG_RUN

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "steplogs"
        self.env = {
            k: v for k, v in os.environ.items() if not k.startswith(("STEPLOG", "LANGSMITH", "LANGCHAIN"))
        }
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def put_on_path(self, folder: Path) -> None:
        """Ahead of everything on PYTHONPATH."""
        self.env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), self.env.get("PYTHONPATH")]))

    def plain(self, *argv: str | bytes, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            argv, input=stdin, capture_output=True, cwd=self.folder, env={**self.env, **env}, check=False
        )

    def python(self, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        return self.plain(sys.executable, *args, stdin=stdin, **env)

    def steplog_run(
        self, *args: str | bytes, stdin: bytes = b"", **env: str
    ) -> subprocess.CompletedProcess[bytes]:
        return self.plain(*STEPLOG_RUN, *args, stdin=stdin, **env)

    def steplog(self, *args: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        return self.python("-c", "from steplog._cli.main import main; main()", *args, **env)

    def boot(self, program: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        """The program with `boot.install()` before it, as a .pth file would call it."""
        return self.python("-c", "from steplog._auto.boot import install; install()\n" + program, **env)

    def runs(self, log: Path | None = None) -> Counter[int]:
        """How many runs each process has recorded: pid -> number of `run.end`."""
        runs: Counter[int] = Counter()
        for segment in (log or self.log).glob("*.jsonl"):
            records = [json.loads(line) for line in segment.read_text().splitlines()]
            runs[records[0]["pid"]] += sum(record["ev"] == "run.end" for record in records)
        return runs
