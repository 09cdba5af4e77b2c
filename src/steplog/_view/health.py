"""How a log is, as `steplog doctor` finds it, for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._ask.unpriced import unpriced
from steplog._read.errors import LogError
from steplog._read.health import examine
from steplog._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from steplog._read import Log
    from steplog._read.health import Hole, SegmentHealth

_MOST_BYTES: Final = 48_000_000  # which take half a second


def health(path: Path) -> dict[str, Any]:
    """The judgement, as JSON.

    Raises: NotALog, LogError.
    """
    found = examine(path)
    return {
        "whole": not found.has_losses,
        "verdict": found.verdict,
        "segments": [_segment(segment) for segment in found.segments],
        "holes": [_hole(hole) for hole in found.holes],
        "lost": found.lost,
        "faults": found.faults,
        "cut": found.cut,
        "masked": found.masked,
        "findings": [finding.text for finding in (*found.findings, *unpriced(found.models))],
        "version": __version__,
    }


def health_of(log: Log) -> dict[str, Any]:
    """The same for a page without a server. Of a log too large to be read while a page is written: what is known of it."""
    if sum(map(_bytes, log.segments)) > _MOST_BYTES:
        return _known_of(log)
    try:
        return health(log.path)
    except LogError:
        return _known_of(log)  # several logs read as one, or one that is gone by now


def _known_of(log: Log) -> dict[str, Any]:
    damaged = [bad for bad in log.bad if not bad.torn]
    segments = [
        {
            "file": file.name, "state": "damaged" if any(bad.file == file for bad in damaged) else "read", "lines": 0,
            "bytes": _bytes(file), "first": "", "last": "", "damages": [str(bad) for bad in damaged if bad.file == file],
        }
        for file in log.segments
    ]  # fmt: skip
    holes = [{"writer": g.writer, "first": g.first, "last": g.last, "file": "", "reason": "", "after": "", "before": ""} for g in log.gaps]  # fmt: skip
    return {
        "whole": not (damaged or log.gaps or log.lost), "segments": segments, "holes": holes,
        "lost": [dict(lost) for lost in log.lost], "faults": [dict(fault) for fault in log.faults],
        "cut": 0, "masked": {}, "version": __version__, "partly": True,
    }  # fmt: skip


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _segment(segment: SegmentHealth) -> dict[str, Any]:
    damages = [f"line {bad.number} (byte {bad.offset}): {bad.reason}" for bad in segment.damages]
    return {
        "file": segment.file.name, "state": segment.state, "lines": segment.lines, "bytes": segment.bytes,
        "first": segment.first_ts, "last": segment.last_ts, "damages": damages,
    }  # fmt: skip


def _hole(hole: Hole) -> dict[str, Any]:
    return {
        "writer": hole.writer, "first": hole.first, "last": hole.last, "file": hole.file, "reason": hole.reason,
        "after": hole.after_ts, "before": hole.before_ts,
    }  # fmt: skip
