"""Which fields each line takes, and in what form: what adapters and programs tell goes through this table."""

from __future__ import annotations

from typing import Any, Final, Protocol

from steplog._format.record import END_FIELDS, POINT_FIELDS, SHAPES, START_FIELDS, told_fields
from steplog._write.misnamed import tell_unknown
from steplog._write.said import content_fields as content
from steplog._write.said import plain_fields as plain
from steplog._write.said.line import Line


class Put(Protocol):
    """Puts a field into a line's record."""

    def __call__(self, line: Line, name: str, value: Any, /) -> None:
        """Put it."""
        ...


_BY_SHAPE: Final[dict[str, Put]] = {
    "text": plain.put_text,
    "texts": plain.put_texts,
    "integer": plain.put_integer,
    "duration": plain.put_duration,
    "count": plain.put_count,
    "ordinal": plain.put_ordinal,
    "cached": plain.put_yes,
    "params": plain.put_params,
    "checkpoint": plain.put_checkpoint,
    "usage": plain.put_usage,
    "error": plain.put_error,
    "value": content.put_value,
    "metadata": content.put_dict,
    "documents": content.put_documents,
    "message": content.put_message,
    "messages": content.put_prompt,
    "tool_defs": content.put_tool_defs,
}


def put_extra(line: Line, _: str, value: Any) -> None:
    """What was known to have no place before it came here."""
    line.needs_look = True
    line.extra = {**(line.extra or {}), **(value if type(value) is dict else {"extra": value})}


def not_understood(line: Line, name: Any, value: Any) -> None:
    """A field that this line does not have: it goes under `extra`, and one warning names the one that was meant."""
    ev = line.record["ev"]
    known = told_fields(*ev.split("."))
    tell_unknown(f"field of {ev}", name, known, "written under `extra`")
    line.needs_look = True
    line.extra = {**(line.extra or {}), name: value}


def _table(kind: str, what: str) -> dict[str, Put]:
    table = {
        name: put_extra if name == "extra" else _BY_SHAPE[SHAPES[name]] for name in told_fields(kind, what)
    }
    if (kind, what) == ("llm", "start"):
        table["tools"] = content.put_tools
    if (kind, what) == ("llm", "end"):
        table["messages"] = table["others"] = content.put_candidates
    return table


PUTS: Final[dict[str, dict[str, Put]]] = {
    f"{kind}.{what}": _table(kind, what)
    for what, kinds in (("start", START_FIELDS), ("end", END_FIELDS), ("point", POINT_FIELDS))
    for kind in kinds
} | {"llm.first_token": {}}
