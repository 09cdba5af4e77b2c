"""One flat row a step: what a table of steps shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.lines_of_step import StepLines
    from steplog._read.runs.tree import Tree

_TOKENS: Final = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "total_tokens",
)  # fmt: skip
COLUMNS: Final = (
    "run", "step", "parent", "kind", "name", "node", "status", "started", "ms", "ttft_ms", "model", "provider",
    *_TOKENS,
    "cached", "finish_reason", "error_type", "error_message", "attempt", "call_id",
)  # fmt: skip
_NOTHING: Final[dict[str, Any]] = {}


def rows_of(
    run: str, tree: Tree, kinds: frozenset[str] | None, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """A row for each step of a run, of these kinds, with these columns; what is not known is None."""
    is_all = columns is COLUMNS
    for number, lines in tree.lines.items():
        if kinds is None or lines.kind in kinds:
            row = _row(lines)
            row["run"], row["step"], row["parent"] = run, number, tree.parents.get(number)
            yield row if is_all else {name: row[name] for name in columns}


def checked(columns: Iterable[str] | None) -> tuple[str, ...]:
    """The columns, all of them for None.

    Raises: ValueError that names the columns there are, if one is none of them.
    """
    if columns is None:
        return COLUMNS
    chosen = tuple(columns)
    unknown = [name for name in chosen if name not in COLUMNS]
    if unknown:
        raise ValueError(f"there is no column {unknown[0]!r}: there are {', '.join(COLUMNS)}")
    return chosen


def _row(lines: StepLines) -> dict[str, Any]:
    first = lines.start or lines.point or _NOTHING
    end = lines.end or _NOTHING
    more = lines.more[0] if lines.more else _NOTHING
    usage, error = _mapping(end, "usage"), _mapping(end, "error") or _mapping(first, "error")
    model = end.get("model") or first.get("model")
    return {
        "run": "",
        "step": 0,
        "parent": None,
        "kind": lines.kind,
        "name": end.get("name") or first.get("name") or model,
        "node": end.get("node") or first.get("node"),
        "status": "open" if end is _NOTHING and lines.point is None else end.get("status", "ok"),
        "started": first.get("ts"),
        "ms": end.get("ms"),
        "ttft_ms": end.get("ttft_ms") or more.get("ttft_ms"),
        "model": model,
        "provider": end.get("provider") or first.get("provider"),
        **{name: usage.get(name) for name in _TOKENS},
        "cached": end.get("cached") is True,
        "finish_reason": end.get("finish_reason"),
        "error_type": error.get("type"),
        "error_message": error.get("message"),
        "attempt": end.get("attempt") or first.get("attempt", 1),
        "call_id": end.get("call_id") or first.get("call_id"),
    }


def _mapping(record: Record, name: str) -> dict[str, Json]:
    value = record.get(name)
    return value if isinstance(value, dict) else _NOTHING
