"""From bytes to lines: every good line a value, every damage a value, never an exception for data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING, BinaryIO, Final

import orjson

from steplog._format.zstd import open_segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from steplog._format.record import Record

# Above the largest line that any setting of the writer allows; it bounds what a file without newlines can cost.
MAX_LINE: Final = 64 * 1024 * 1024
HEAD_BYTES: Final = 80
_BOM: Final = b"\xef\xbb\xbf"
_RECORD_HEAD: Final = re.compile(rb'\{"seq": ?\d+, ?"ts": ?"')  # how the writer begins every line
_EXPECTED: Final[tuple[tuple[str, type, str], ...]] = (
    ("seq", int, "a number"), ("ts", str, "a string"), ("w", str, "a string"), ("run", str, "a string"),
    ("step", int, "a number"), ("parent", int, "a number"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One good line: its record, and where it stands (`number` from 1, `offset` in bytes from 0)."""

    record: Record
    file: Path
    number: int
    offset: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """One damage: where it stands, why it is no line, and its first bytes.

    `torn` marks an unfinished last line: being written right now, or what a killed process left. No error.
    `number` is 0 where the file as a whole could not be read, or was read from its end and its lines were not counted.
    """

    file: Path
    number: int
    offset: int
    reason: str
    head: bytes = b""
    torn: bool = False

    def __str__(self) -> str:
        """The damage as one sentence: file, line, byte, reason."""
        byte = f"byte {self.offset}" if self.offset else ""
        place = f", line {self.number} (byte {self.offset})" if self.number else byte and f", {byte}"
        return f"{self.file}{place}: {self.reason}"


def read_lines(file: Path) -> Iterator[Line | BadLine]:
    """Every line of one file (`.jsonl`, or `.jsonl.zst` where zstd is installed), in order, in bounded memory.

    A last line without its newline is a `Line` when it is a whole record all the same (only the newline is missing),
    else a `BadLine` with `torn`. Blank lines mean nothing.

    Raises: OSError if the file cannot be opened.
    """
    try:
        stream = open_segment(file)
    except ImportError:
        yield BadLine(file, 0, 0, "compressed, and no zstd is installed: pip install backports.zstd")
        return
    with stream:
        yield from scan(stream, file)


def scan(stream: BinaryIO, file: Path, *, number: int = 1, offset: int = 0) -> Iterator[Line | BadLine]:
    """The lines of an open stream that stands at `offset`, where line `number` begins."""
    for at in count(number):
        try:
            raw = stream.readline(MAX_LINE + 1)
            size = len(raw) if len(raw) <= MAX_LINE else len(raw) + _skip_line(stream, raw)
        except Exception as error:  # noqa: BLE001 -- zstd modules raise errors of their own, which are not importable here
            yield BadLine(
                file, at, offset, f"cannot be read further: {error}", torn=isinstance(error, EOFError)
            )
            return
        if not raw:
            return
        if size > MAX_LINE:
            yield BadLine(file, at, offset, f"longer than {MAX_LINE >> 20} MiB", raw[:HEAD_BYTES])
        else:
            yield from judge(raw, file, at, offset)
        offset += size


def _skip_line(stream: BinaryIO, raw: bytes) -> int:
    """Reads on to the end of an overlong line; how many bytes that was."""
    skipped = 0
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(1 << 20)
        skipped += len(raw)
    return skipped


def judge(raw: bytes, file: Path, number: int, offset: int) -> Iterator[Line | BadLine]:
    """What one physical line holds: nothing, a record, damage, or damage and good records."""
    body = raw
    if offset == 0 and raw.startswith(_BOM):
        body = raw[len(_BOM) :]
    found = decode(body)
    if isinstance(found, dict):
        yield Line(found, file, number, offset + len(raw) - len(body))
        return
    if not body.strip():
        return
    whole = list(_records_in(body))
    torn = not raw.endswith(b"\n") and not whole
    reason = "unfinished last line: still being written, or its process was killed" if torn else found
    if whole:
        reason = _damage_beside(body, whole)
    yield BadLine(file, number, offset, reason, raw[:HEAD_BYTES], torn)
    for at, record in whole:
        yield Line(record, file, number, offset + len(raw) - len(body) + at)


def _records_in(body: bytes) -> Iterator[tuple[int, Record]]:
    """The whole records that share a line with damage, and where each begins.

    Such are NULs that a power cut left before a record, half a line of a killed process with the next writer's record
    behind it, and lines whose ends are lost. No record contains another's head: inside strings its quotes are escaped.
    """
    places = [found.start() for found in _RECORD_HEAD.finditer(body)]
    for at, end in pairwise((*places, len(body))):
        record = decode(body[at:end])
        if isinstance(record, dict):
            yield at, record


def _damage_beside(body: bytes, whole: list[tuple[int, Record]]) -> str:
    first = whole[0][0]
    if not first and len(whole) > 1:
        return f"{len(whole)} records on one line"
    damage = _damage(body[:first] if first else body)
    return f"{damage}, then a whole record on the same line" if first else f"a whole record, then {damage}"


def decode(body: bytes) -> Record | str:
    """The record in `body`, or in words why there is none."""
    try:
        record = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _why(body, error)
    if not isinstance(record, dict):
        return f"not a JSON object but a {type(record).__name__}"
    return misfit(record) or record


def misfit(record: Record) -> str:
    """Why an object is no record of ours; empty if it is one. What follows may rely on the envelope's types."""
    ev, get = record.get("ev"), record.get
    if (
        type(get("run")) is type(ev) is type(get("ts")) is str
        and type(get("seq")) is type(get("step", 0)) is type(get("parent", 0)) is int
        and type(get("w", "")) is str
    ):
        return ""  # nearly all; the rest of this says what the matter is
    if not isinstance(ev, str):
        return "not a steplog line: it has no `ev`"
    for name, kind, wording in _EXPECTED:
        value = record.get(name)
        if value is not None and not isinstance(value, kind):
            return f"`{name}` is not {wording}"
    if record.get("run") is None and not ev.startswith("log."):
        return f"not a steplog line: `{ev[:40]}` without `run`"
    return ""


def _why(body: bytes, error: orjson.JSONDecodeError) -> str:
    if b"\0" in body:
        return _damage(body)
    try:
        body.decode()
    except UnicodeDecodeError as problem:
        return f"invalid UTF-8 at byte {problem.start} of the line"
    if "depth" in error.msg:
        return "nested too deeply"
    return f"invalid JSON: {error.msg.partition(': line')[0]} at character {error.pos} of the line"


def _damage(body: bytes) -> str:
    nuls = body.count(b"\0")
    return f"{nuls} NUL bytes" if nuls else "an unfinished line"
