"""Which segments of a directory nobody writes to any more, and which of those nobody needs any more."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from steplog._format.line import decode
from steplog._format.process import boot_id, host_name, process_start
from steplog._format.segment_name import parse
from steplog._format.zstd import open_segment, unreadable

_RUN_LINES: Final = re.compile(rb'^\{"seq":[^\n]*?"ev":"run\.(?:start|end)"[^\n]*$', re.MULTILINE)
_MOST_OF_FIRST_LINE: Final = 1 << 16
_AT_ONCE: Final = 1 << 24
SHIPPED: Final = ".shipped"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment, and why it must stay as it is; `stays` is empty for one that is closed."""

    path: Path
    stem: str
    w: str
    part: int
    size: int
    written: float  # seconds since 1970
    stays: str = ""

    @property
    def is_packed(self) -> bool:
        """Whether it is compressed."""
        return self.path.suffix == ".zst"


def segments_of(directory: Path) -> list[Segment]:
    """All segments in `directory`, oldest first, each judged; raises `OSError` where that cannot be listed.

    A segment is closed when its writer is gone, or has begun the next one and no run is open that began in this one.
    """
    found: list[Segment] = []
    for path in directory.iterdir():
        name = parse(path.name)
        if name is not None and path.is_file() and not path.is_symlink():
            stat = path.stat()
            found.append(Segment(path, name.stem, name.w, name.part, stat.st_size, stat.st_mtime))
    found.sort(key=lambda segment: (segment.stem, segment.part))
    judged: list[Segment] = []
    for w in dict.fromkeys(segment.w for segment in found):
        judged += _judged([segment for segment in found if segment.w == w])
    judged.sort(key=lambda segment: (segment.stem, segment.part))
    return judged


def expendable(
    segments: Iterable[Segment],
    *,
    keep_days: float,
    keep_bytes: int,
    now: float,
    shipped: frozenset[str] | None,
) -> list[Segment]:
    """The closed segments past the limits, oldest first; 0 is no limit. What was not shipped yet stays, too."""
    everything = list(segments)
    total = sum(segment.size for segment in everything)
    out: list[Segment] = []
    for segment in everything:
        if segment.stays or (shipped is not None and segment.path.name.removesuffix(".zst") not in shipped):
            continue
        is_old = keep_days and now - segment.written > keep_days * 86_400
        if is_old or (keep_bytes and total > keep_bytes):
            out.append(segment)
            total -= segment.size
    return out


def shipped_from(directory: Path) -> frozenset[str] | None:
    """Names of the segments that whoever ships this log has delivered; None where nobody ships it."""
    try:
        return frozenset((directory / SHIPPED).read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return frozenset()  # somebody ships it, and who knows what


def _judged(parts: list[Segment]) -> list[Segment]:
    """One writer's segments."""
    why = _why_alive(parts[-1].path)
    if not why:
        return parts
    needed = _needed_by_open_runs(parts)
    last = parts[-1].part
    out: list[Segment] = []
    for segment in parts:
        stays = (
            why
            if segment.part == last
            else "a run that is still open began in it"
            if segment in needed
            else ""
        )
        out.append(
            Segment(segment.path, segment.stem, segment.w, segment.part, segment.size, segment.written, stays)
        )
    return out


def _why_alive(path: Path) -> str:
    """Why the writer of a segment may still live; empty if it is gone."""
    opened = _first_record(path)
    if opened is None:
        return "it does not say who writes it"
    if opened.get("host") != host_name():
        return "" if _ends_closed(path) else f"its writer is on another host, {opened.get('host')}"
    if opened.get("boot") and boot_id() and opened["boot"] != boot_id():
        return ""
    pid = opened.get("pid")
    start = process_start(pid) if isinstance(pid, int) else None
    if start is None or (opened.get("proc_start") and opened["proc_start"] != start):
        return ""
    return f"its writer is alive, process {pid}"


def _first_record(path: Path) -> dict[str, Any] | None:
    try:
        with open_segment(path) as file:
            record = decode(file.readline(_MOST_OF_FIRST_LINE))
    except unreadable():
        return None
    return record if record.get("ev") == "log.open" else None


def _ends_closed(path: Path) -> bool:
    try:
        with open_segment(path) as file:
            last = b""
            while more := file.read(_AT_ONCE):
                last = (last + more)[-_MOST_OF_FIRST_LINE:]
    except unreadable():
        return False
    return b'"ev":"log.close"' in last.rstrip(b"\n").rpartition(b"\n")[2]


def _needed_by_open_runs(parts: list[Segment]) -> set[Segment]:
    began: dict[str, Segment] = {}
    for segment in parts:
        try:
            with open_segment(segment.path) as file:
                for line in _run_lines(file):
                    record = decode(line)
                    if record["ev"] == "run.start":
                        began.setdefault(record["run"], segment)
                    else:
                        began.pop(record["run"], None)
        except (KeyError, ImportError, *unreadable()):
            return set(parts)  # who cannot read them must not judge them
    return set(began.values())


def _run_lines(file: Any) -> Iterable[bytes]:
    rest = b""
    while more := file.read(_AT_ONCE):
        whole, _, rest = (rest + more).rpartition(b"\n")
        yield from _RUN_LINES.findall(whole)


def delete(segments: Iterable[Segment]) -> list[Segment]:
    """Delete them; gives those that are gone. Raises `OSError` at the first that cannot be deleted."""
    gone: list[Segment] = []
    for segment in segments:
        segment.path.unlink(missing_ok=True)
        gone.append(segment)
    return gone
