"""A span's attributes with less of what was said in them: names, numbers, times and ids stay."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._export import otlp_names as names

if TYPE_CHECKING:
    from steplog._export.untold import Untold
    from steplog._format.record import Content

PREVIEW_CHARS: Final = 200
_SAID: Final = frozenset(
    {
        names.INPUT, names.OUTPUT, names.INPUT_MESSAGES, names.OUTPUT_MESSAGES, names.TOOL_ARGUMENTS, names.TOOL_RESULT,
        names.QUERY, names.METADATA, names.USER, "exception.message",
    }
)  # fmt: skip
# The documents of a retriever but for their ids and scores, the definitions of tools, and of points what
# `content="none"` leaves out when a log is written (docs/format.md).
_SAID_TOO: Final = re.compile(
    r"retrieval\.documents\.\d+\.document\.(?:content|metadata)|llm\.tools\.\d+\.tool\.json_schema"
    r"|steplog\.(?:input|output|messages?|args|result|query|value|data|error)"
)
_TYPES: Final = {names.INPUT_TYPE: names.INPUT, names.OUTPUT_TYPE: names.OUTPUT}


def reduced(attributes: dict[str, Any], content: Content, untold: Untold) -> dict[str, Any]:
    """The attributes with all that was said, the first 200 characters of each text, or none of it; what is cut is counted."""
    if content == "full":
        return attributes
    kept: dict[str, Any] = {}
    for name, value in attributes.items():
        if not is_said(name) and name not in _TYPES:
            kept[name] = value
        elif content == "preview":
            kept[name] = short(value) if is_said(name) else value
            untold.add("texts whose end was left out (--content preview)", kept[name] != value)
        elif name not in _TYPES:
            untold.add("texts (--content none)")
    return kept


def is_said(name: str) -> bool:
    """Whether an attribute holds what was said, by people, models, tools or documents."""
    return name in _SAID or _SAID_TOO.fullmatch(name) is not None


def short(text: Any) -> Any:
    """A text's first 200 characters; JSON stays JSON, with each text in it so long at most."""
    if not isinstance(text, str) or len(text) <= PREVIEW_CHARS:
        return text
    if text[:1] in "{[":
        try:
            return json.dumps(_short_in(json.loads(text)), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass  # it only looks like JSON
    return f"{text[:PREVIEW_CHARS]}…"


def _short_in(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= PREVIEW_CHARS else f"{value[:PREVIEW_CHARS]}…"
        case list():
            return [_short_in(part) for part in cast("list[Any]", value)]
        case dict():
            return {name: _short_in(part) for name, part in cast("dict[str, Any]", value).items()}
        case _:
            return value
