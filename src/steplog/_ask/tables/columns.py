"""Which fields of a line become columns, with their types: named one by one, since a guess would follow one odd line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

USUAL_LINE: Final = 16 << 20
"""The longest line that DuckDB reads in little memory, in bytes: its buffers are made for it."""

TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
COUNTS: Final = ("steps", "llm_calls", "tool_calls", "errors", "retries", "interrupts")


def _struct(names: Iterable[str], type_: str = "BIGINT") -> str:
    return ", ".join(f"{name} {type_}" for name in names)


BASE: Final[Mapping[str, str]] = {
    "seq": "BIGINT",
    "ts": "TIMESTAMP",
    "w": "VARCHAR",
    "run": "VARCHAR",
    "step": "BIGINT",
    "parent": "BIGINT",
    "ev": "VARCHAR",
    "name": "VARCHAR",
    "model": "VARCHAR",
    "provider": "VARCHAR",
    "node": "VARCHAR",
    "status": "VARCHAR",
    "implied": "BOOLEAN",
    "ms": "DOUBLE",
    "ttft_ms": "DOUBLE",
    "usage": f"STRUCT({_struct(TOKENS)})",
    "cached": "BOOLEAN",
    "error": "STRUCT(type VARCHAR, message VARCHAR, step BIGINT)",
}
_STEP: Final = {"finish_reason": "VARCHAR", "attempt": "BIGINT", "call_id": "VARCHAR"}
_RUN: Final = {
    "id": "VARCHAR",
    "framework": "VARCHAR",
    "thread": "VARCHAR",
    "resumes": "VARCHAR",
    "parent_run": "VARCHAR",
    "parent_step": "BIGINT",
    "tags": "JSON",
    "metadata": "JSON",
    "totals": f"STRUCT({_struct((*COUNTS, *TOKENS))}, models VARCHAR[])",
    "host": "VARCHAR",
    "pid": "BIGINT",
}
_POINT: Final = {"wait_ms": "DOUBLE", "where": "VARCHAR", "value": "JSON", "data": "JSON"}

# What a question may need beyond the base; each column that is not read makes every line cheaper.
NEEDS: Final[Mapping[str, Mapping[str, str]]] = {"steps": _STEP, "runs": _RUN, "points": _POINT}


def select_lines(files: Sequence[Path], needs: Iterable[str], longest: int) -> str:
    """The SELECT that gives the lines of these files, in order, with the columns needed; `longest` is in bytes."""
    read = _read(needs)
    names = ", ".join(map(quoted, read))
    if not files:
        nulls = ", ".join(f"{_null(type_)} AS {quoted(name)}" for name, type_ in read.items())
        return f"SELECT ''::VARCHAR AS file, 1::INTEGER AS nth, false AS ended, {nulls} LIMIT 0"
    typed = ", ".join(f"{quoted(name)}: '{type_}'" for name, type_ in read.items())
    paths = ", ".join(literal(not_a_pattern(str(file))) for file in files)
    return (
        f"SELECT filename AS file, 1::INTEGER AS nth, ends_with(ev, '.end') AS ended, {names} "
        f"FROM read_json([{paths}], format='newline_delimited', columns={{{typed}}}, ignore_errors=true, "
        f"maximum_object_size={longest}, filename=true)"
    )


def all_columns(needs: Iterable[str]) -> str:
    """The SELECT over the stored lines that has every column: those that were not read are NULL, and cost nothing."""
    read = _read(needs)
    missing = "".join(
        f", {_null(type_)} AS {quoted(name)}"
        for need in NEEDS.values()
        for name, type_ in need.items()
        if name not in read
    )
    return f"SELECT rowid AS place, *{missing} FROM stored"


def _read(needs: Iterable[str]) -> dict[str, str]:
    read = dict(BASE)
    for need in needs:
        read |= NEEDS[need]
    return read


def _null(type_: str) -> str:
    return f"NULL::{type_}"


def quoted(name: str) -> str:
    """A name that may be a word of SQL, such as `where`."""
    return f'"{name}"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def not_a_pattern(path: str) -> str:
    """A path in which `*`, `?` and `[` stand for themselves: DuckDB takes them for a pattern."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)
