"""Which step launched a run that goes on by itself: deepagents' asynchronous sub-agents say only their parent's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from steplog._format.record import Json, Record
    from steplog._read.runs.step import Step

_PARENT: Final = "parent_thread_id"
_LAUNCHES: Final = (
    "start_async_task",
    "update_async_task",
)  # deepagents' tools that begin a run of a sub-agent


class Place(NamedTuple):
    """A run, empty for none, and the number of a step of it, None where that is not known."""

    run: str
    step: int | None


class Launched(Protocol):
    """What is asked of a run: the properties mean what those of `Run` mean."""

    @property
    def id(self) -> str: ...
    @property
    def thread(self) -> str: ...
    @property
    def metadata(self) -> Mapping[str, Json]: ...
    @property
    def started(self) -> datetime | None: ...
    @property
    def steps(self) -> Sequence[Step]: ...


_Run = TypeVar("_Run", bound=Launched)


def place_of(run: _Run, start: Record, earlier: Iterable[_Run]) -> Place:
    """The place that the run's `start` says it is part of, or where it was launched, of the runs `earlier`, newest first.

    That is the last step that began a sub-agent on the run's thread; where there is none, the newest run of the parent's thread.
    """
    told, number = start.get("parent_run"), start.get("parent_step")
    if isinstance(told, str) and told:
        return Place(told, number if isinstance(number, int) else None)
    parent = run.metadata.get(_PARENT) if run.thread else None
    newest = Place("", None)
    for one in earlier if isinstance(parent, str) and parent else ():
        if one.thread != parent or one.id == run.id:
            continue
        step = next((step for step in reversed(one.steps) if _launches(step, run)), None)
        if step is not None:
            return Place(one.id, step.number)
        newest = newest if newest.run else Place(one.id, None)
    return newest


def launches_of(run: _Run, others: Iterable[_Run]) -> list[tuple[Step, _Run]]:
    """The runs of sub-agents that `run` launched, each with the step that did, of the runs behind it, in their order."""
    if not run.thread or not any(_is_launch(step) for step in run.steps):
        return []
    found: list[tuple[Step, _Run]] = []
    for one in others:
        if one.thread and one.metadata.get(_PARENT) == run.thread:
            step = next((step for step in reversed(run.steps) if _launches(step, one)), None)
            found += [] if step is None else [(step, one)]
    return found


def _is_launch(step: Step) -> bool:
    return step.kind == "tool" and step.name in _LAUNCHES


def _launches(step: Step, run: Launched) -> bool:
    """Whether a step began a run on that run's thread, at the time when it began."""
    if not _is_launch(step) or step.started is None or run.started is None or step.started > run.started:
        return False
    return run.thread in orjson.dumps(step.resolved(), default=str).decode()
