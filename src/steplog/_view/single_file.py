"""Runs as one HTML file that opens anywhere, without a server and without a network."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._view import prices
from steplog._view.answers import comparisons
from steplog._view.data import WholeRun, listing, whole_run
from steplog._view.health import health_of
from steplog._view.page import with_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steplog._format.record import Content
    from steplog._read import Log, Run

_LEVEL: Final = 6


def html(
    runs: Iterable[Run],
    *,
    path: str,
    log: Log | None = None,
    content: Content = "full",
    more: int = 0,
    notices: Sequence[str] = (),
) -> str:
    """The page with these runs inside, and with what is known of their `log`; `more` runs are not in it, and it says so.

    Raises: LogError if a run's files are gone.
    """
    several = list(runs)
    wholes = [whole_run(run, content=content) for run in several]
    _tell_apart(wholes)
    state = _state(path, content, more, notices)
    if noted := [_kept(note.as_json(), content) for run in several for note in run.notes]:
        state["notes"] = list({note["id"]: note for note in noted}.values())
    state["diffs"] = comparisons(several)
    if log is not None:
        state["health"] = health_of(log)
    return with_data(gzip.compress(_sections(wholes, state), _LEVEL, mtime=0))


def _kept(note: dict[str, Any], content: Content) -> dict[str, Any]:
    """A note that says no more than the lines beside it."""
    if content == "full" or "text" not in note:
        return note
    text = note["text"][:200] if content == "preview" else ""
    return {name: value for name, value in {**note, "text": text}.items() if value != ""}


def _tell_apart(wholes: list[WholeRun]) -> None:
    """Gives runs of the same id keys of their own."""
    seen: dict[str, int] = {}
    for whole in wholes:
        run = whole.row["id"]
        seen[run] = seen.get(run, 0) + 1
        if seen[run] > 1:
            whole.row["key"] = f"{run}~{seen[run]}"


def _state(path: str, content: Content, more: int, notices: Sequence[str]) -> dict[str, Any]:
    state: dict[str, Any] = {
        "path": path, "now": time.time() * 1000, "live": False, "notices": list(notices),
        "prices": prices.are_known(), "content": content,
    }  # fmt: skip
    return {**state, "more": more} if more else state


def _sections(wholes: list[WholeRun], state: dict[str, Any]) -> bytes:
    """The listing as the first line, then each run behind a line that says its name and its size in bytes."""
    parts = [listing([whole.row for whole in wholes], state), b"\n"]
    for whole in wholes:
        section = b"".join(whole.pieces())
        parts += [orjson.dumps({"section": whole.row["key"], "size": len(section)}), b"\n", section]
    return b"".join(parts)
