"""What the page is told while the log grows: changed rows, new lines of the run it looks at, how the log is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._read.errors import LogError
from steplog._view.data import Costing
from steplog._view.run_lines import Span, raw_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from steplog._view.catalogue import Catalogue, Change, Entry

_ALIVE_SECONDS: Final = 15.0  # so often something is sent, which a broken connection cannot take
_MOST_WAITING: Final = 1_000
_MOST_LINES: Final = 2_000  # in one message


@dataclass(slots=True)
class Watched:
    """The run that one page looks at, and how far it has its lines: in each file up to this number."""

    key: str
    have: dict[str, int]
    _at: dict[Path, Span] = field(default_factory=dict["Path", Span])
    _costing: Costing = field(default_factory=lambda: Costing({}))

    def news(self, spans: list[Span], run: str) -> dict[str, Any] | None:
        """The lines that the page does not have; None if there are none."""
        lines: list[list[Any]] = []
        before = dict(self._costing.costs)
        for at, span in enumerate(spans):
            known = self._at.setdefault(span.file, Span(span.file, span.offset, span.number))
            known.last = span.last
            for line in raw_lines(known, run):
                known.offset, known.number = line.offset + len(line.raw) + 1, line.number + 1
                if line.number <= self.have.get(str(at), 0):
                    continue
                if self._costing.wants(line.raw):
                    self._costing.note(orjson.loads(line.raw))
                lines.append([at, line.number, line.raw.decode("utf-8", "replace")])
        if not lines:
            return None
        costs = {step: cost for step, cost in self._costing.costs.items() if step not in before}
        return {
            "run": self.key,
            "files": [span.file.name for span in spans],
            "lines": lines,
            **({"costs": costs} if costs else {}),
        }


@dataclass(slots=True)
class _Listener:
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Change]


class Live:
    """Everybody who follows the log now."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []

    def tell(self, change: Change) -> None:
        """Passes a change on; called by the thread that reads."""
        for listener in list(self._listeners):
            listener.loop.call_soon_threadsafe(_put, listener.queue, change)

    async def events(self, catalogue: Catalogue, watched: Watched | None) -> AsyncIterator[bytes]:
        """Server-sent events, until nobody listens."""
        listener = _Listener(asyncio.get_running_loop(), asyncio.Queue(_MOST_WAITING))
        self._listeners.append(listener)
        try:
            yield b"retry: 1000\n\n"
            yield _event({"state": catalogue.state()})
            async for piece in _missed(catalogue, watched):
                yield piece
            while True:
                try:
                    change = await asyncio.wait_for(listener.queue.get(), _ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                async for piece in _told(change, watched, catalogue):
                    yield piece
        finally:
            self._listeners.remove(listener)


def _put(queue: asyncio.Queue[Change], change: Change) -> None:
    if queue.full():
        queue.get_nowait()  # a page that sleeps asks anew when it wakes; memory is bounded
    queue.put_nowait(change)


async def _missed(catalogue: Catalogue, watched: Watched | None) -> AsyncIterator[bytes]:
    """What came between the page's reading of a run and its listening."""
    whole = catalogue.whole(watched.key) if watched else None
    if watched and whole:
        async for piece in _lines(watched, list(whole.spans), whole.row["id"]):
            yield piece
        yield _event({"rows": [whole.row]})


async def _told(change: Change, watched: Watched | None, catalogue: Catalogue) -> AsyncIterator[bytes]:
    mine = next((entry for entry in change.entries if watched and entry.key == watched.key), None)
    if watched and mine:
        async for piece in _lines(watched, _spans(mine), mine.run):
            yield piece
    told: dict[str, Any] = {}
    if change.entries:
        told["rows"] = catalogue.rows_of(change.entries)
    if change.state is not None:
        told["state"] = change.state
    if told:
        yield _event(told)


def _spans(entry: Entry) -> list[Span]:
    return [Span(span.file, span.offset, span.number, span.last) for span in list(entry.spans.values())]


async def _lines(watched: Watched, spans: list[Span], run: str) -> AsyncIterator[bytes]:
    try:
        news = await asyncio.to_thread(watched.news, spans, run)
    except LogError:
        return  # its file is gone: the state says so
    if news is None:
        return
    lines = news["lines"]
    for at in range(0, len(lines), _MOST_LINES):
        yield _event({**news, "lines": lines[at : at + _MOST_LINES]})


def _event(told: Mapping[str, Any]) -> bytes:
    # orjson writes no line breaks, so that one message is one `data:` line.
    return b"data: " + orjson.dumps(told) + b"\n\n"
