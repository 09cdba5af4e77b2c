"""Who may ask the page's server: only with its token, only under its own name; only its own page may note something."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from steplog._view.page import policy

if TYPE_CHECKING:
    from collections.abc import Iterable

Headers = dict[str, str]

_SAME_SITE: Final = frozenset({"same-origin", "none"})
HEADERS: Final[Headers] = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def headers() -> Headers:
    """What every answer says about itself."""
    return {**HEADERS, "content-security-policy": policy("'self'")}


def _is_json(asked: Headers) -> bool:
    """Whether a request says that its body is JSON, which no form can say."""
    return asked.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


@dataclass(slots=True)
class Guard:
    """The names the server answers to, its token, and the cookie that the token is exchanged for.

    `once`: the token opens one browser, as fits a link that was printed; else as many as know it.
    """

    hosts: frozenset[str]
    port: int
    token: str
    once: bool = True
    _sessions: set[str] = field(default_factory=set[str])

    @property
    def cookie_name(self) -> str:
        """The cookie's name: cookies know no ports, so that two servers would share one."""
        return f"steplog-{self.port}"

    def refusal(self, method: str, given: Iterable[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        """Why a request is refused before anybody looks at who sent it: status and sentence; None if it is not."""
        asked: Headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in given}
        # A browser names the origin of every POST: one without it is no page's.
        if method != "GET" and not (method == "POST" and asked.get("origin") and _is_json(asked)):
            return 405, "This server only answers GET: it shows a log and changes nothing."
        if asked.get("host", "").lower() not in self._names():
            # A page elsewhere may make its own name lead to this machine: the name it asks for gives it away.
            return 400, "This server does not answer to that name."
        origin = asked.get("origin")
        if origin is not None and origin.lower() not in {f"http://{name}" for name in self._names()}:
            return 403, "Another page may not ask here."
        site = asked.get("sec-fetch-site")
        if site is not None and site not in _SAME_SITE and asked.get("sec-fetch-mode") != "navigate":
            return 403, "Another page may not ask here."
        return None

    def _names(self) -> set[str]:
        port = "" if self.port == 80 else f":{self.port}"
        return {f"{host}{port}" for host in self.hosts}

    def session(self, cookies: str, query: str) -> tuple[bool, str | None]:
        """Whether a request may see the log, and the cookie to set if its token was good."""
        if self._is_known(cookies):
            return True, None
        given = parse_qs(query).get("token", [""])[0]
        if not self.token or not secrets.compare_digest(given.encode(), self.token.encode()):
            return False, None
        if self.once:
            self.token = ""
        session = secrets.token_urlsafe(32)
        self._sessions.add(session)
        return True, f"{self.cookie_name}={session}; Path=/; HttpOnly; SameSite=Strict"

    def _is_known(self, cookies: str) -> bool:
        try:
            found = SimpleCookie(cookies).get(self.cookie_name)
        except CookieError:
            return False
        return found is not None and found.value in self._sessions
