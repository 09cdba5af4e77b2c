"""`steplog try`: runs a program as `steplog run` does, waits for its end, and says what was seen and what was not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steplog._auto.shortcomings import Missing, missing_of, why_nothing
from steplog._auto.witness import WITNESS
from steplog._read import LogError, read
from steplog._read.health import examine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._auto.program import Program
    from steplog._read import Run

_COUNTS: Final = (
    ("steps", "step"),
    ("llm_calls", "model call"),
    ("tool_calls", "tool call"),
    ("errors", "error"),
)
_MOST: Final = 3  # with the other lines six


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a program that was tried: its exit code, its runs, oldest first, and what is missing of them."""

    code: int
    path: str
    runs: tuple[Run, ...]
    missing: tuple[Missing, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON."""
        runs = [
            {"id": run.id, "name": run.name, "status": run.status, "totals": dict(run.totals)}
            for run in self.runs
        ]
        missing = [{"kind": one.kind, "text": one.text, "cure": one.cure} for one in self.missing]
        return {"code": self.code, "path": self.path, "runs": runs, "missing": missing}


def attempt(program: Program, env: Mapping[str, str], *, aside: bool = False) -> Tried:
    """Run the program to its end, and look at what it recorded.

    Its streams are those of this process, but that `aside` its output goes to standard error. Ctrl-C is the program's.
    """
    path = env["STEPLOG_PATH"]
    before = {(run.id, run.file) for run in _runs(path)}
    with tempfile.TemporaryDirectory(prefix="steplog-try-") as folder:
        code = _wait_for(program, {**env, WITNESS: folder}, aside=aside)
        told = _told(Path(folder))
    runs = tuple(run for run in _runs(path) if (run.id, run.file) not in before)
    files = sorted({run.file for run in runs})
    missing = missing_of(runs, [examine(file) for file in files]) if runs else [why_nothing(code, path, told)]
    return Tried(code, path, runs, tuple(missing))


def six_lines(tried: Tried, options: str = "") -> Iterator[str]:
    """What people are told: what was seen, what was not and its cure, and the next command; at most six lines."""
    newest = tried.runs[-1] if tried.runs else None
    if newest is not None:
        more = f" (and {len(tried.runs) - 1} more)" if len(tried.runs) > 1 else ""
        yield f"recorded: {newest.name or '(no name)'}, {newest.status}{more}, in {tried.path}"
        yield f"seen: {_seen(tried.runs)}"
    for one in tried.missing[:_MOST]:
        yield f"not right: {one.text}. Cure: {one.cure}"
    rest = tried.missing[_MOST:]
    if newest is None:
        yield "next: steplog doctor --environment, for a report"
    elif rest:
        yield f"next: steplog show @last{options}; not said above ({', '.join(one.kind for one in rest)}): steplog try --json"
    else:
        yield f"next: steplog show @last{options}"


def _seen(runs: tuple[Run, ...]) -> str:
    sums = {name: sum(int(run.totals.get(name, 0)) for run in runs) for name, _ in _COUNTS}
    words = [f"{sums[name]} {word}{'' if sums[name] == 1 else 's'}" for name, word in _COUNTS]
    used = [run.totals.get(name) for run in runs for name in ("input_tokens", "output_tokens")]
    tokens = sum(int(each) for each in used if each)
    return ", ".join([*words, f"{tokens} tokens" if tokens else "no tokens told"])


def _wait_for(program: Program, env: Mapping[str, str], *, aside: bool) -> int:
    words = [program.path, *program.argv[1:]]
    with subprocess.Popen(words, env=dict(env), stdout=sys.stderr if aside else None) as running:  # noqa: S603 -- the user's program
        old = signal.signal(signal.SIGINT, signal.SIG_IGN)  # after the start, which would hand it down
        try:
            return running.wait()
        finally:
            signal.signal(signal.SIGINT, old)


def _told(folder: Path) -> list[dict[str, list[str]] | None]:
    """What each Python process of the program said at its end; None of one that said nothing."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))]
    return [json.loads(text) if text else None for text in texts]


def _runs(path: str) -> tuple[Run, ...]:
    try:
        return tuple(read(path).runs)
    except LogError:
        return ()
