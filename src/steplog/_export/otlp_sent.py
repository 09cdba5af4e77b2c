"""Which runs a backend has taken: a line each in the user's cache directory, so that a restart goes on where it was."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from steplog._export.otlp import endpoint
from steplog._read.files.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from steplog._read.runs.run import Run

NEVER: Final = datetime.fromtimestamp(0, UTC)  # of a run whose start is not in the log
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class Sent:
    """The runs of one log that one backend has taken."""

    def __init__(self, log: Path, environ: Mapping[str, str]) -> None:
        """What an earlier process noted is read; where there is no cache, it is known only as long as this one lives."""
        folder = cache_folder(environ)
        key = f"{log.absolute()}\n{endpoint()}".encode()
        self._file = (
            None if folder is None else folder / f"otlp-{blake2b(key, digest_size=6).hexdigest()}.sent"
        )
        self.runs: dict[str, datetime] = {}
        if self._file is not None and self._file.exists():
            for line in self._file.read_text("utf-8").splitlines():
                with suppress(ValueError):  # a line that a kill cut off: that run is sent once more
                    self.runs[line] = datetime.fromisoformat(line.partition(" ")[2])

    def __contains__(self, run: Run) -> bool:
        """Whether it was taken."""
        return key_of(run) in self.runs

    def note(self, run: Run) -> None:
        """It was taken just now."""
        key = key_of(run)
        self.runs[key] = run.started or NEVER
        if self._file is None:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._file, _FLAGS, 0o600), "a", encoding="utf-8") as file:
            file.write(f"{key}\n")

    def forget(self, before: datetime) -> None:
        """Runs begun before that are not looked at any more by this process; the file keeps them for the next one."""
        if min(self.runs.values(), default=before) < before:
            self.runs = {key: started for key, started in self.runs.items() if started >= before}

    def keep_only(self, keys: Collection[str]) -> None:
        """These are all runs that there are: what was noted of others is of no use any more."""
        kept = {key: started for key, started in self.runs.items() if key in keys}
        if len(kept) > len(self.runs) // 2:
            return
        self.runs = kept
        if self._file is not None and self._file.exists():
            fresh = self._file.with_suffix(f".{os.getpid()}")
            with os.fdopen(os.open(fresh, _FLAGS, 0o600), "a", encoding="utf-8") as file:
                file.writelines(f"{key}\n" for key in kept)
            fresh.replace(self._file)


def key_of(run: Run) -> str:
    """What a run is known by: a program may use one id for several."""
    return f"{run.id} {(run.started or NEVER).isoformat()}"
