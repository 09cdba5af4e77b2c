"""The page's server: the page, the runs of a log, one run, and events while it grows. It writes nothing but notes."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from steplog._read.errors import LogError
from steplog._view import answers, noted, page
from steplog._view.catalogue import Catalogue
from steplog._view.data import listing
from steplog._view.find import runs_with
from steplog._view.guard import headers
from steplog._view.health import health
from steplog._view.live import Live, Watched

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable, Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from steplog._view.guard import Guard

_PAGE_ROWS: Final = 2_000  # in one answer
_FIRST_ROWS: Final = 300
_MOST_RUNS_ASKED: Final = 2_000  # in one address
_BLOCK: Final = 1_000_000  # bytes of a run in one piece
_LINES: Final = "application/x-ndjson"
_PACKED: Final = (1_000, 4_000_000)  # smaller is not worth it, and larger costs more time than a local wire
_NO_ENTRY: Final = (
    "This link has been used, or it has no token. `steplog view` prints a new link each time it is started; "
    "the tab that was opened first keeps working."
)


class Guarded:
    """Lets through only what the guard does, and gives every answer the headers that keep the page apart."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refused = self._guard.refusal(scope["method"], scope["headers"])
        cookie: str | None = None
        if refused is None:
            cookies = "; ".join(v.decode("latin-1") for n, v in scope["headers"] if n == b"cookie")
            is_known, cookie = self._guard.session(cookies, scope["query_string"].decode("latin-1"))
            refused = None if is_known else (401, _NO_ENTRY)
        answer: ASGIApp = self._app if refused is None else PlainTextResponse(refused[1], refused[0])
        await answer(scope, receive, _with_headers(send, cookie))


def _with_headers(send: Send, cookie: str | None) -> Send:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            added = {**headers(), **({"set-cookie": cookie} if cookie else {})}
            message["headers"] = [
                *message.get("headers", []),
                *((name.encode(), value.encode()) for name, value in added.items()),
            ]
        await send(message)

    return sending


class Page:
    """The answers: each a few lines over the catalogue."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._live = Live()
        self.catalogue = Catalogue(path, self._live.tell)
        self._one_at_a_time = asyncio.Lock()  # figures take memory

    def routes(self) -> list[Route]:
        """What may be asked for."""
        return [
            Route("/", self.page),
            Route("/api/runs", self.runs),
            Route("/api/run/{key}", self.run),
            Route("/api/live", self.live),
            Route("/api/find", self.find),
            Route("/api/health", self.health),
            Route("/api/stats", self.stats),
            Route("/api/diff/{a}/{b}", self.diff),
            Route("/api/notes", self.notes),
            Route("/api/note", self.note, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return _packed(request, page.built().encode(), "text/html; charset=utf-8")

    async def runs(self, request: Request) -> Response:
        """Rows of the list, newest first, from a place on."""
        begin = _number(request.query_params.get("from"))
        end = begin + (_PAGE_ROWS if begin else _FIRST_ROWS)
        rows, count = await run_in_threadpool(self.catalogue.rows, begin, end)
        state = {**self.catalogue.state(), "runs": count}
        body = listing(rows, state, end if end < count else None)
        return _packed(request, body, "application/json")

    async def run(self, request: Request) -> Response:
        """One run, whole."""
        whole = await run_in_threadpool(self.catalogue.whole, request.path_params["key"])
        if whole is None:
            return PlainTextResponse("no such run", 404)
        pieces = _blocks(whole.pieces())
        try:
            first = await run_in_threadpool(next, pieces)
            second = await run_in_threadpool(next, pieces, None)
        except LogError as error:
            return PlainTextResponse(str(error), 410)
        if second is None:
            return _packed(request, first, _LINES)
        # A large run is read here and taken apart there at the same time.
        return StreamingResponse(chain((first, second), pieces), media_type=_LINES)

    async def live(self, request: Request) -> Response:
        """Events while the log grows; with `run`, its lines beyond those that the page has."""
        run = request.query_params.get("run")
        watched = Watched(run, dict(_have(request.query_params.get("have", "")))) if run else None
        stream = self._live.events(self.catalogue, watched)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def find(self, request: Request) -> Response:
        """The runs that have a phrase anywhere."""
        phrase = request.query_params.get("q", "")
        keys, done = await run_in_threadpool(runs_with, self.catalogue.path, phrase) if phrase else ([], True)
        return _packed(request, orjson.dumps({"keys": keys, "done": done}), "application/json")

    async def health(self, request: Request) -> Response:
        """How the log is."""
        try:
            found = await run_in_threadpool(health, self.catalogue.path)
        except LogError:
            return PlainTextResponse("there is no log", 404)
        return _packed(request, orjson.dumps(found), "application/json")

    async def stats(self, request: Request) -> Response:
        """What `steplog stats` says of these runs, or of all."""
        by, asked = request.query_params.get("by", ""), request.query_params.get("runs")
        runs = None if asked is None else asked.split(",")
        if by not in answers.BY or len(runs or ()) > _MOST_RUNS_ASKED:
            return PlainTextResponse("not so", 400)
        async with self._one_at_a_time:
            return await self._answer(request, answers.figures, by, runs)

    async def diff(self, request: Request) -> Response:
        """What `steplog diff` says of two runs."""
        return await self._answer(
            request, answers.difference, request.path_params["a"], request.path_params["b"]
        )

    async def _answer(self, request: Request, what: Callable[..., dict[str, Any]], *given: Any) -> Response:
        try:
            found = await run_in_threadpool(what, self.catalogue.path, *given)
        except LogError as error:
            return PlainTextResponse(str(error), 404)
        return _packed(request, orjson.dumps(found), "application/json")

    async def notes(self, request: Request) -> Response:
        """What was noted beside the log."""
        found = await run_in_threadpool(noted.notes_of, self.catalogue.path)
        return _packed(request, orjson.dumps(found), "application/json")

    async def note(self, request: Request) -> Response:
        """Notes something."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > noted.MOST_BYTES:
                return PlainTextResponse("This note is too long.", 413)
        try:
            taken = await run_in_threadpool(noted.take, self.catalogue.path, body)
        except LogError as error:
            return PlainTextResponse(str(error), 400)
        return _packed(request, orjson.dumps(taken.as_json()), "application/json")


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces in blocks that are worth sending."""
    block: list[bytes] = []
    size = 0
    for piece in pieces:
        block.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def _packed(request: Request, body: bytes, kind: str) -> Response:
    """An answer, compressed where that pays and the browser can."""
    if _PACKED[0] < len(body) < _PACKED[1] and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            gzip.compress(body, 1),
            media_type=kind,
            headers={"content-encoding": "gzip", "vary": "accept-encoding"},
        )
    return Response(body, media_type=kind)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _have(text: str) -> Iterator[tuple[str, int]]:
    """`0.120,1.33`: of file 0 the lines up to number 120, of file 1 those up to 33."""
    for part in text.split(","):
        file, _, number = part.partition(".")
        if file.isdecimal() and number.isdecimal():
            yield file, int(number)


def application(path: str | os.PathLike[str] | None, guard: Guard) -> ASGIApp:
    """The server as an ASGI application; it reads the log from its start-up to its shutdown.

    Raises: LogError if the path is no log; a path that is not there yet is waited for.
    """
    shown = Page(path)

    @asynccontextmanager
    async def reading(_: Starlette) -> AsyncGenerator[None]:
        await asyncio.to_thread(shown.catalogue.start)
        yield
        await asyncio.to_thread(shown.catalogue.stop)

    return Guarded(Starlette(routes=shown.routes(), lifespan=reading), guard)
