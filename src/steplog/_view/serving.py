"""`steplog view`, without the command: a free port, a token, the server on it until it is stopped."""

from __future__ import annotations

import contextlib
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from steplog._view.guard import Guard
from steplog._view.server import application

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

USUAL_PORT: Final = 7837
LOOPBACK: Final = "127.0.0.1"


class CannotServe(Exception):  # noqa: N818 -- reads as the sentence it is
    """The address cannot be had; the text says why and the way out."""


@dataclass(frozen=True)
class Place:
    """Where the page is served: a bound socket, and the link that opens it."""

    sock: socket.socket
    host: str
    port: int
    token: str
    once: bool

    @property
    def link(self) -> str:
        """The link with the token."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}/?token={self.token}"

    def guard(self) -> Guard:
        """Who may ask there."""
        names = (
            {"127.0.0.1", "localhost", "[::1]"}
            if self.once
            else {self.host.lower(), socket.gethostname().lower()}
        )
        if not self.once and self.host in ("0.0.0.0", "::"):  # noqa: S104 -- asked for, with a token
            names |= {"127.0.0.1", "localhost", *_own_addresses()}
        return Guard(frozenset(names), self.port, self.token, self.once)


def place(port: int | None, host: str | None = None, token: str | None = None) -> Place:
    """Binds the address: this machine only, unless a host and a token are given.

    Without a port the usual one, or a free one where that is taken.

    Raises: CannotServe.
    """
    at = host or LOOPBACK
    wanted = [port] if port is not None else [USUAL_PORT, 0]
    problem = ""
    for number in wanted:
        family = socket.AF_INET6 if ":" in at else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((at, number))
        except OSError as error:
            problem = error.strerror or str(error)
            sock.close()
            continue
        return Place(sock, at, sock.getsockname()[1], token or secrets.token_urlsafe(24), once=token is None)
    raise CannotServe(f"cannot serve on {at}:{port}: {problem}; give another --port")


def serve(path: str | os.PathLike[str] | None, at: Place, ready: Callable[[], None]) -> None:
    """Serves until Ctrl-C or SIGTERM; `ready` is called when the page can be opened."""
    config = uvicorn.Config(
        application(path, at.guard()), log_level="error", access_log=False, timeout_graceful_shutdown=1,
        server_header=False, date_header=False, ws="none", proxy_headers=False,
    )  # fmt: skip
    server = _Server(config, ready)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[at.sock])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and then says that it is ready."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def _own_addresses() -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()
