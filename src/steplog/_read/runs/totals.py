"""What a run's steps add up to, as its writer adds up, and what its last line says where they are not all in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._format.record import CALLS, USAGE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.lines_of_step import StepLines

# A provider's own total, where it differs, says nothing of the run's.
_SUMMED: Final = tuple(name for name in USAGE_FIELDS if name != "total_tokens")
_COUNTED: Final = {"llm": "llm_calls", "tool": "tool_calls", "retry": "retries", "interrupt": "interrupts"}
_SHOWN: Final = 3


def totals_of(steps: Mapping[int, StepLines], end: Record | None) -> dict[str, Json]:
    """The sums over a run's steps, in the shape of the format's `totals`: zeros left out; `end` is the run's last line."""
    sums: dict[str, int] = {"steps": len(steps)}
    models: list[tuple[int, str]] = []
    waiting: list[tuple[int, int]] = []
    for lines in steps.values():
        kind = lines.kind
        if kind in ("interrupt", "resume"):
            waiting.append((lines.first, 1 if kind == "interrupt" else -1))
        elif kind in _COUNTED:
            _add(sums, _COUNTED[kind], 1)
        _add(sums, "retries", int(_attempt(lines.start) > 1))
        _add(sums, "errors", int(_begins_error(lines.end)))
        if kind in CALLS:
            _add_usage(sums, lines.end)
        if kind == "llm" and (model := _model(lines)):
            models.append((lines.last, model))
    _add(sums, "errors", int(_begins_error(end)))
    _add(sums, "interrupts", _unanswered(waiting))
    totals: dict[str, Json] = {name: value for name, value in sums.items() if value}
    if models:
        totals["models"] = list(dict.fromkeys(model for _, model in sorted(models, key=_place)))
    return totals


def _place(model: tuple[int, str]) -> int:
    return model[0]


def _add(sums: dict[str, int], name: str, amount: int) -> None:
    sums[name] = sums.get(name, 0) + amount


def _add_usage(sums: dict[str, int], end: Record | None) -> None:
    usage = (end or {}).get("usage")
    if isinstance(usage, dict) and not (end or {}).get("cached"):
        for name in _SUMMED:
            value = usage.get(name)
            if type(value) is int:
                _add(sums, name, value)


def _attempt(start: Record | None) -> int:
    attempt = (start or {}).get("attempt")
    return attempt if isinstance(attempt, int) else 1


def _begins_error(end: Record | None) -> bool:
    """Whether an end is a failure of its own; one that only passes through names the step it came from."""
    error = (end or {}).get("error")
    return (end or {}).get("status") == "error" and not (isinstance(error, dict) and "step" in error)


def _model(lines: StepLines) -> str:
    """The model that answered, where the end says another than was asked; of a call without an end, that which was."""
    for record in (lines.end, lines.start):
        model = (record or {}).get("model")
        if isinstance(model, str):
            return model
    return ""


def _unanswered(points: list[tuple[int, int]]) -> int:
    """The interrupts that nothing within the run has answered."""
    waiting = 0
    for _, change in sorted(points):
        waiting = max(0, waiting + change)
    return waiting


def completed(sums: Mapping[str, Json], written: Mapping[str, Json]) -> dict[str, Json]:
    """Of each count the greater: steps whose lines are lost are in what was written, steps behind the end in the sums."""
    counts = {name: value for name, value in written.items() if type(value) is int}
    totals: dict[str, Json] = {**sums}
    for name, value in counts.items():
        own = sums.get(name)
        if value > (own if isinstance(own, int) else 0):
            totals[name] = value
    models = [*_models(sums), *_models(written)]
    return totals | ({"models": [*dict.fromkeys(models)]} if models else {})


def _models(totals: Mapping[str, Json]) -> list[Json]:
    models = totals.get("models")
    return [model for model in models if isinstance(model, str)] if isinstance(models, list) else []


def difference(written: Mapping[str, Any], summed: Mapping[str, Any]) -> str:
    """Where the totals that a run's last line says differ from the sums; empty if they do not."""
    names = [name for name in {**written, **summed} if _other(written.get(name), summed.get(name))]
    said = [
        f"{_told(written.get(name))} {name}, its steps {_told(summed.get(name))}" for name in names[:_SHOWN]
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"run.end says {'; '.join(said)}{more}" if said else ""


def _other(one: Any, two: Any) -> bool:
    if isinstance(one, list) or isinstance(two, list):
        return sorted(map(str, one or ())) != sorted(map(str, two or ()))
    return (one or 0) != (two or 0)


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or 0)


def reason(records: Sequence[Record], missing: Sequence[tuple[int, int]], damaged: int) -> str:
    """Why a run's last line may not say what its steps add up to; empty if nothing tells."""
    ends = [at for at, record in enumerate(records) if record["ev"] == "run.end"]
    late = len(records) - 1 - ends[0] - (len(ends) - 1) if ends else 0
    why: list[str] = []
    if late:
        why.append(f"{late} of its lines came after it")
    if missing:
        places = ", ".join(f"{first} to {last}" for first, last in missing[:_SHOWN])
        why.append(f"lines {places} of its writer are missing")
    if damaged:
        why.append(f"{damaged} of its lines are damaged")
    return (
        " and ".join(why)
        or "the lines between its start and its end are all here, and add up to something else"
    )
