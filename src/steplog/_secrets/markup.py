"""Finds secrets in XML: `<password>…</password>`, `<add key="Password" value="…" />`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from steplog._secrets.names import telling
from steplog._secrets.span import Span
from steplog._secrets.values import is_secret_text

_ELEMENT: Final = re.compile(
    r"<(?:[A-Za-z_][\w.-]{0,40}+:)?+([A-Za-z_][\w.-]{1,60}+)(?:\s[^<>]{0,300}+)?+>([^<>]{2,4096}+)</"
)
_ATTRIBUTES: Final = re.compile(
    r"""<add\s{1,8}+key="([\w. :-]{1,80}+)"\s{1,8}+value="([^"<>\n]{1,1024}+)\""""
)


def elements(text: str) -> Iterator[Span]:
    """What stands in elements with a telling name."""
    for found in _ELEMENT.finditer(text):
        told, value = telling(found.group(1)), found.group(2).strip()
        if told is not None and not (told.faint and " " in value) and is_secret_text(value, told):
            yield *found.span(2), "element"
    for found in _ATTRIBUTES.finditer(text):
        told = telling(found.group(1).rpartition(":")[2])
        if told is not None and is_secret_text(found.group(2), told):
            yield *found.span(2), "element"
