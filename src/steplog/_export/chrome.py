"""Runs as Chrome trace events: a timeline for Perfetto, speedscope and the browser's own performance panel.

Every time is a whole number of microseconds from one clock, and an end is its start plus a duration: times as fractions make false
nesting. Steps that overlap stand in lanes of their own, since on one track begins and ends must nest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._export.untold import Untold
from steplog._show.preview import entered, left
from steplog._show.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

Event = dict[str, Any]
_CELLS: Final = 200
_US: Final = 1_000_000


def chrome(runs: Iterable[Run], untold: Untold | None = None) -> dict[str, Any]:
    """A trace of the runs: each is a process, its lanes are threads, with the first 200 characters of what went in and came out.

    Steps without a known time, and texts that are longer, are counted in `untold`.
    """
    counted = Untold() if untold is None else untold
    events: list[Event] = []
    for number, run in enumerate(runs, 1):
        events.append(_name("process_name", number, 0, f"{run.name or run.framework} {run.id} {run.status}"))
        events.extend(_run_events(run, number, counted))
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _run_events(run: Run, process: int, untold: Untold) -> Iterator[Event]:
    spans: list[tuple[int, int, int, Step]] = []  # start and end in us, depth, step
    stack = [(step, 0) for step in reversed(run.children)]
    untold.add("notes", len(run.notes))
    while stack:
        step, depth = stack.pop()
        stack.extend((child, depth + 1) for child in reversed(step.children))
        if step.started is None:
            untold.add("steps whose start is not in the log")
            continue
        start = _microseconds(step.started)
        if step.point:
            yield {
                "name": step.kind,
                "ph": "i",
                "s": "p",
                "ts": start,
                "pid": process,
                "tid": 0,
                "args": _args(step, untold),
            }
            continue
        spans.append((start, start + _length(run, step, start), depth, step))
    lanes: list[list[tuple[int, Step]]] = []
    for start, end, _, step in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        lane = _lane(lanes, start, end, step)
        yield {
            "name": f"{step.kind} {step.name}".strip(), "cat": step.kind, "ph": "X", "ts": start, "dur": end - start,
            "pid": process, "tid": lane + 1, "args": _args(step, untold),
        }  # fmt: skip
    yield from (_name("thread_name", process, lane + 1, f"lane {lane + 1}") for lane in range(len(lanes)))


def _length(run: Run, step: Step, start: int) -> int:
    """A step's duration in us; of one that has no end, up to the run's last line."""
    if step.ms is not None:
        return round(step.ms * 1000)
    last = _microseconds(run.started) + round((run.ms or 0) * 1000) if run.started is not None else start
    return max(0, last - start)


def _lane(lanes: list[list[tuple[int, Step]]], start: int, end: int, step: Step) -> int:
    """The first lane in which a step stands alone or inside a step that it is part of; a lane's open spans, innermost last."""
    for number, open_spans in enumerate(lanes):
        while open_spans and open_spans[-1][0] <= start:
            open_spans.pop()
        if not open_spans or (end <= open_spans[-1][0] and _is_below(step, open_spans[-1][1])):
            open_spans.append((end, step))
            return number
    lanes.append([(end, step)])
    return len(lanes) - 1


def _is_below(step: Step, other: Step) -> bool:
    above = step.parent
    while above is not None and above is not other:
        above = above.parent
    return above is not None


def _args(step: Step, untold: Untold) -> dict[str, Any]:
    texts = {"in": entered(step), "out": left(step)}
    if step.error is not None:
        texts["error"] = f"{step.error.get('type')}: {step.error.get('message')}"
    untold.add("texts whose end was left out", sum(len(text) > _CELLS for text in texts.values()))
    facts = {"step": step.number, "status": step.status, **step.usage}
    facts |= {name: one_line(text, _CELLS) for name, text in texts.items()}
    return {name: value for name, value in facts.items() if value not in ("", None)}


def _name(what: str, process: int, thread: int, name: str) -> Event:
    return {"name": what, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * _US + moment.microsecond
