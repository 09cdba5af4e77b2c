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
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from pathlib import Path

    from steplog._view.catalogue import Catalogue, Change, Entry

_ALIVE_SECONDS: Final = 15.0  # so often something is sent, which a broken connection cannot take
_MOST_ROWS: Final = 500  # in one message
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


class _Listener:
    """One page that follows the log: what it has not been told yet. Each run at most once, however long it does not listen."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._entries: dict[str, Entry] = {}
        self._state: dict[str, Any] | None = None

    def put(self, change: Change) -> None:
        """Keeps a change until it is asked for; called in the loop."""
        for entry in change.entries:
            self._entries[entry.key] = entry
        self._state = change.state or self._state
        self._news.set()

    async def get(self) -> tuple[list[Entry], dict[str, Any] | None]:
        """What has happened since the last call; waits until something has."""
        await self._news.wait()
        entries, state = list(self._entries.values()), self._state
        self._entries, self._state = {}, None
        self._news.clear()
        return entries, state


class Live:
    """Everybody who follows the log now."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []

    def tell(self, change: Change) -> None:
        """Passes a change on; called by the thread that reads."""
        for listener in list(self._listeners):
            listener.loop.call_soon_threadsafe(listener.put, change)

    async def events(self, catalogue: Catalogue, watched: Watched | None) -> AsyncGenerator[bytes]:
        """Server-sent events, until nobody listens."""
        listener = _Listener()
        self._listeners.append(listener)
        try:
            yield b"retry: 1000\n\n"
            yield _event({"state": catalogue.state()})
            async for piece in _missed(catalogue, watched):
                yield piece
            while True:
                try:
                    entries, state = await asyncio.wait_for(listener.get(), _ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                async for piece in _told(entries, state, watched, catalogue):
                    yield piece
        finally:
            self._listeners.remove(listener)


async def _missed(catalogue: Catalogue, watched: Watched | None) -> AsyncIterator[bytes]:
    """What came between the page's reading of a run and its listening."""
    whole = catalogue.whole(watched.key) if watched else None
    if watched and whole:
        async for piece in _lines(watched, list(whole.spans), whole.row["id"]):
            yield piece
        yield _event({"rows": [whole.row]})


async def _told(
    entries: list[Entry], state: dict[str, Any] | None, watched: Watched | None, catalogue: Catalogue
) -> AsyncIterator[bytes]:
    mine = next((entry for entry in entries if watched and entry.key == watched.key), None)
    if watched and mine:
        async for piece in _lines(watched, _spans(mine), mine.run):
            yield piece
    if state is not None:
        yield _event({"state": state})
    for at in range(0, len(entries), _MOST_ROWS):
        yield _event({"rows": catalogue.rows_of(entries[at : at + _MOST_ROWS])})


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
