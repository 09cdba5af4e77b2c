"""Finds secrets in URLs: passwords and tokens before the host, and the paths of webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steplog._secrets.span import Span
from steplog._secrets.values import is_random, says_nothing

# `://name:password@host`, where the password may have slashes, or `http://token@host`. Behind `://host:` a number is a
# port. The second of the ways to match a password is bounded, since it may run into the next URL.
_USER: Final = re.compile(
    r"""://(?:
      [^\s/:@"'<>\[]{0,256}+ : (?! :?// | [0-9]{1,5}(?:[/?\#]|\Z) )
      ( (?: [^\s"'@<>/:]{1,2048}+ | [^\s"'@<>]{1,48}+ ) (?: @[^\s"'@/<>]{1,256}+ ){0,4} ) @ (?= [\w.\[] ) (?! sha256: )
    | (?: (?<=https://) | (?<=http://) ) ( [^\s/:@"'<>]{8,2048}+ ) @ (?= [\w\[] )
    )""",
    re.VERBOSE,
)
_WEBHOOK: Final = re.compile(
    r"""hook(?:
      s\.slack(?:-gov)?\.com/[a-z]{3,20}/ ( [A-Za-z0-9+/_-]{16,}+ )
    | s/[0-9]{5,30}/ ( [A-Za-z0-9_-]{24,}+ )                                       # Discord
    | \.office\.com/webhookb2/ ( [A-Za-z0-9@/-]{24,}+ )                             # Teams
    )""",
    re.VERBOSE,
)


def users(text: str) -> Iterator[Span]:
    """Passwords and tokens before the host of a URL."""
    for found in _USER.finditer(text):
        password, token = found.span(1), found.span(2)
        if password[0] >= 0 and not says_nothing(found.group(1)):
            yield *password, "url_password"
        elif token[0] >= 0 and is_random(found.group(2), 8):
            yield *token, "url_token"


def webhooks(text: str) -> Iterator[Span]:
    """What in the URL of a webhook lets anybody post to it."""
    for found in _WEBHOOK.finditer(text):
        yield *found.span(found.lastindex or 0), "webhook"
