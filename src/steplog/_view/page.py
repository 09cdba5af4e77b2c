"""The built page, and the policy under which a browser may run it: nothing but its own script and style."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

_POLICY_PLACE: Final = "<!-- policy -->"
_DATA_PLACE: Final = "<!-- data -->"
_INLINE: Final = re.compile(r"<(script|style)\b([^>]*)>(.*?)</\1>", re.DOTALL)


@cache
def built() -> str:
    """The page as `page/` builds it: one HTML document with its script and its style inside."""
    return files("steplog._view").joinpath("page.html").read_text(encoding="utf-8")


@cache
def policy(connect: str, *, framed: bool = False) -> str:
    """The content security policy; `connect` says where the page may fetch its data from.

    A `<meta>` cannot say who may frame the page: `framed` leaves that out.
    """
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for tag, _, text in _INLINE.findall(built()):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[tag].append(f"'sha256-{digest}'")
    parts = [
        "default-src 'none'",
        f"script-src {' '.join(hashes['script'])}",
        f"style-src {' '.join(hashes['style'])}",
        "img-src data:",  # the page's own icon
        f"connect-src {connect}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    return "; ".join(parts if framed else [*parts, "frame-ancestors 'none'"])


def with_data(packed: bytes) -> str:
    """The page as a file of its own: with its data inside, gzip and base64, and its policy."""
    text = base64.b64encode(packed).decode()
    rules = policy("'none'", framed=True)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
    page = built().replace(_POLICY_PLACE, meta, 1)
    # Not a script: a browser does nothing with a type it does not know.
    return page.replace(_DATA_PLACE, f'<script id="data" type="application/gzip+base64">{text}</script>', 1)
