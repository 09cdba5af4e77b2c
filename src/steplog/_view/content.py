"""A record with less of what was said in it: for a page that is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from steplog._format.record import MARKERS, TEXT

if TYPE_CHECKING:
    from steplog._format.record import Content, Json, Record

PREVIEW_CHARS: Final = 200
# As `content="none"` leaves out when a log is written (docs/format.md).
_SAID: Final = frozenset({"input", "output", "messages", "message", "args", "result", "query", "value", "data", "metadata", "tools", "tool_defs"})  # fmt: skip


def reduced(record: Record, content: Content) -> Record:
    """The record with all of its content, the first 200 characters of each text, or none of it."""
    if content == "full":
        return record
    if content == "preview":
        return {
            name: _short(value) if name in _SAID or name in ("error", "documents") else value
            for name, value in record.items()
        }
    kept = {name: value for name, value in record.items() if name not in _SAID}
    chars = sum(_chars(record[name]) for name in record if name in _SAID)
    if chars:
        kept["chars"] = chars
    if isinstance(kept.get("documents"), list):
        kept["documents"] = [_bare(document) for document in cast("list[Json]", kept["documents"])]
    error = kept.get("error")
    if isinstance(error, dict):
        kept["error"] = {name: value for name, value in cast("Record", error).items() if name != "message"}
    return kept


def _bare(document: Json) -> Json:
    fields = cast("Record", document) if isinstance(document, dict) else {}
    return {name: fields[name] for name in ("id", "score") if name in fields}


def _short(value: Json) -> Json:
    if isinstance(value, str):
        return (
            value
            if len(value) <= PREVIEW_CHARS
            else {TEXT: {"chars": len(value), "head": value[:PREVIEW_CHARS]}}
        )
    if isinstance(value, list):
        return [_short(part) for part in cast("list[Json]", value)]
    if isinstance(value, dict):
        fields = cast("Record", value)
        if len(fields) == 1 and next(iter(fields)) in MARKERS:
            return _short_marker(fields)
        return {name: _short(part) for name, part in fields.items()}
    return value


def _short_marker(marker: Record) -> Json:
    key = next(iter(marker))
    held: Any = marker[key]
    if isinstance(held, dict) and isinstance(held.get("head"), str):
        return {key: {**held, "head": held["head"][:PREVIEW_CHARS]}}
    return marker


def _chars(value: Json) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        value = list(cast("Record", value).values())
    return sum(_chars(part) for part in cast("list[Json]", value)) if isinstance(value, list) else 0
