"""A run kept in a file beside the tests: written when asked for, compared with by every other test run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._expect.expectation import expect
from steplog._format.line import encode
from steplog._format.record import FORMAT_VERSION
from steplog._read.log import read
from steplog._record.stable_lines import stable

if TYPE_CHECKING:
    from steplog._read.runs.run import Run

_WRITER: Final = "golden01"
_OF_ITS_PROCESS: Final = (
    "pidns",
    "locked",
    "frameworks",
    "previous",
    "chain",
)  # what says nothing of the agent
__tracebackhide__ = True  # as in `expectation`


def golden_lines(run: Run) -> bytes:
    """A log of this run alone, without what differs each time: ids, times, machine and versions.

    So the file changes only where the agent does, and a code review shows how.
    """
    facts = {name: value for name, value in run.writer.items() if name not in _OF_ITS_PROCESS}
    opened = {**facts, "ev": "log.open", "v": FORMAT_VERSION}
    records = [opened, *run.records()]
    numbered = [{**record, "seq": number, "w": _WRITER} for number, record in enumerate(records, 1)]
    return b"".join(encode(record) for record in stable(numbered))


def matches_golden(run: Run, file: Path, *, update: bool) -> None:
    """The run does what the one in `file` did; with `update` it is written there instead.

    Raises: AssertionError with the first difference, as `steplog diff` tells it, or where there is no such file.
    """
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(golden_lines(run))
        return
    if not file.exists():
        raise AssertionError(f"there is no golden run {file}: pytest --steplog-update writes it")
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # what made the golden one stable must not make a difference
        now = Path(folder, "now.jsonl")
        now.write_bytes(golden_lines(run))
        try:
            expect(read(now).runs[-1]).same_as(read(file).runs[-1])
        except AssertionError as error:
            words = (
                f"{error}\n  golden run: {file}; if it is to change, pytest --steplog-update writes it anew"
            )
            raise AssertionError(words) from None
