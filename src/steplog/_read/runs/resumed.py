"""How one run goes on with another that waited for a human: which run that is, what was asked, what was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from steplog._read.files.liveness import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.step import Step


@dataclass(frozen=True, slots=True)
class Answer:
    """What a human answered: in `run` the step of number `step` asked `question` under `id`. `answer` is what was said."""

    run: str
    step: int
    id: str
    question: Json = field(repr=False)
    answer: Json

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {name: getattr(self, name) for name in ("run", "step", "id", "question", "answer")}


class Waiting(Protocol):
    """What is asked of a run: the properties mean what those of `Run` mean."""

    @property
    def id(self) -> str: ...
    @property
    def resumes(self) -> str: ...
    @property
    def thread(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    @property
    def input(self) -> Json: ...
    def config(self) -> Record | None:
        """See `Run`."""
        ...


_Run = TypeVar("_Run", bound=Waiting)


def waited(run: _Run, earlier: Iterable[_Run]) -> _Run | None:
    """The run that `run` goes on with, of those before it, newest first; None if it goes on with none of them.

    It is the one that `resumes` names. Another process, which knew of none, says where it goes on: that is the newest run
    of its thread that waits at that checkpoint.
    """
    if run.resumes:
        return next((one for one in earlier if one.id == run.resumes), None)
    if not run.thread:
        return None
    resume = next((step for step in run.steps if step.kind == "resume"), None)
    if resume is None or resume.parent is not None:
        return None
    place = _checkpoint(resume.fields.get("checkpoint"))
    for one in earlier:
        if one.thread != run.thread or one.id == run.id or one.status != INTERRUPTED:
            continue
        mine = cast("Record", (one.config() or {}).get("configurable") or {}).get("checkpoint_id")
        if place is None or mine is None or mine == place:
            return one
    return None


def answered(run: Waiting, before: Waiting | None) -> tuple[Answer, ...]:
    """What was answered in `run`: to questions of the run `before` it, and to its own."""
    given = run.input if before is not None else None
    found: list[Answer] = []
    if before is not None and isinstance(given, dict) and "resume" in given:
        asked = {_id_of(step) or str(step.number): step for step in before.steps if step.kind == "interrupt"}
        found += _answers(before, asked, given["resume"])
    asks: Step | None = None
    for step in run.steps:
        if step.kind == "interrupt":
            asks = step
        elif step.kind == "resume" and asks is not None and "value" in step.fields:
            found.append(Answer(run.id, asks.number, _id_of(asks), asks.field("value"), step.field("value")))
            asks = None
    return tuple(found)


def _answers(before: Waiting, asked: dict[str, Step], given: Json) -> Iterable[Answer]:
    """An answer of LangGraph's: by the questions' ids, or to the one that waits."""
    by_id = (
        cast("Record", given) if isinstance(given, dict) and given and asked.keys() >= given.keys() else None
    )
    if by_id is None:
        by_id = dict.fromkeys(list(asked)[-1:], given)
    for name, answer in by_id.items():
        step = asked[name]
        yield Answer(before.id, step.number, _id_of(step), step.field("value"), answer)


def _id_of(step: Step) -> str:
    given = step.fields.get("id")
    return given if isinstance(given, str) else ""


def _checkpoint(place: Json) -> Json:
    return place.get("id") if isinstance(place, dict) else None
