"""One flat row a step: what a table of steps shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.lines_of_step import StepLines
    from steplog._read.runs.tree import Tree

_NOTHING: Final[dict[str, Any]] = {}


def _of_end(name: str) -> Callable[[Record, Record, StepLines], Json]:
    return lambda _, end, __: end.get(name)


def _of_either(name: str) -> Callable[[Record, Record, StepLines], Json]:
    """What the end says, else what the start does."""
    return lambda start, end, _: end.get(name) or start.get(name)


def _used(name: str) -> Callable[[Record, Record, StepLines], Json]:
    def count(_: Record, end: Record, __: StepLines) -> Json:
        usage = end.get("usage")
        return usage.get(name) if type(usage) is dict else None

    return count


def _failed(name: str) -> Callable[[Record, Record, StepLines], Json]:
    def told(start: Record, end: Record, _: StepLines) -> Json:
        error = end.get("error") or start.get("error")
        return error.get(name) if type(error) is dict else None

    return told


def _name(start: Record, end: Record, _: StepLines) -> Json:
    return end.get("name") or start.get("name") or end.get("model") or start.get("model")


def _status(_: Record, end: Record, lines: StepLines) -> Json:
    return "open" if lines.end is None and lines.point is None else end.get("status", "ok")


def _ttft(_: Record, end: Record, lines: StepLines) -> Json:
    return end.get("ttft_ms") or (lines.more[0].get("ttft_ms") if lines.more else None)


# What a step's start (or point) and end say; the three columns before these need no line of it.
_TOLD: Final[Mapping[str, Callable[[Record, Record, StepLines], Json]]] = {
    "kind": lambda _, __, lines: lines.kind,
    "name": _name,
    "node": _of_either("node"),
    "status": _status,
    "started": lambda start, _, __: start.get("ts"),
    "ms": _of_end("ms"),
    "ttft_ms": _ttft,
    "model": _of_either("model"),
    "provider": _of_either("provider"),
    "input_tokens": _used("input_tokens"),
    "output_tokens": _used("output_tokens"),
    "cache_read_tokens": _used("cache_read_tokens"),
    "cache_write_tokens": _used("cache_write_tokens"),
    "reasoning_tokens": _used("reasoning_tokens"),
    "total_tokens": _used("total_tokens"),
    "cached": lambda _, end, __: end.get("cached") is True,
    "finish_reason": _of_end("finish_reason"),
    "error_type": _failed("type"),
    "error_message": _failed("message"),
    "attempt": lambda start, end, _: end.get("attempt") or start.get("attempt", 1),
    "call_id": _of_either("call_id"),
}
COLUMNS: Final = ("run", "step", "parent", *_TOLD)


def rows_of(
    run: str, tree: Tree, kinds: frozenset[str] | None, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """A row for each step of a run, of these kinds, with these columns; what is not known is None."""
    told = [(name, _TOLD[name]) for name in columns if name in _TOLD]
    parents: Mapping[int, int] = tree.parents if "parent" in columns else {}
    for number, lines in tree.lines.items():
        if kinds is not None and lines.kind not in kinds:
            continue
        start, end = lines.start or lines.point or _NOTHING, lines.end or _NOTHING
        row: dict[str, Any] = dict.fromkeys(columns)
        for name, tell in told:
            row[name] = tell(start, end, lines)
        for name, value in (("run", run), ("step", number), ("parent", parents.get(number))):
            if name in row:
                row[name] = value
        yield row


def checked(columns: Iterable[str] | None) -> tuple[str, ...]:
    """The columns, all of them for None.

    Raises: ValueError that names the columns there are, if one is none of them.
    """
    chosen = COLUMNS if columns is None else tuple(columns)
    unknown = [name for name in chosen if name not in COLUMNS]
    if unknown:
        raise ValueError(f"there is no column {unknown[0]!r}: there are {', '.join(COLUMNS)}")
    return chosen
