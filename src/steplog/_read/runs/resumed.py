"""How one run goes on with another that waited for a human: which run that is, what was asked, what was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from steplog._read.files.liveness import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.step import Step

_NAMED_BY_RUN_ID: Final = ("llama-index", "llama-index-workflows")


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
    def framework(self) -> str: ...
    @property
    def resumes(self) -> str: ...
    @property
    def thread(self) -> str: ...
    @property
    def metadata(self) -> Mapping[str, Json]: ...
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
    of its thread that waits at that checkpoint, or of a workflow of LlamaIndex the newest that waits under its `run_id`.
    """
    if run.resumes:
        return next((one for one in earlier if one.id == run.resumes), None)
    name = _name_of(run)
    if name is None:
        return None
    resume = next((step for step in run.steps if step.kind == "resume"), None)
    if resume is None or resume.parent is not None:
        return None
    place = _checkpoint(resume.fields.get("checkpoint"))
    for one in earlier:
        if one.id == run.id or _name_of(one) != name or one.status != INTERRUPTED:
            continue
        mine = cast("Record", (one.config() or {}).get("configurable") or {}).get("checkpoint_id")
        if place is None or mine is None or mine == place:
            return one
    return None


def _name_of(run: Waiting) -> tuple[str, Json] | None:
    """Under which name a run is known to go on, by what gives the name: its thread, or a workflow's id."""
    if run.thread:
        return "thread", run.thread
    run_id = run.metadata.get("run_id") if run.framework in _NAMED_BY_RUN_ID else None
    return None if run_id is None else ("run_id", run_id)


def answered(run: Waiting, before: Waiting | None) -> tuple[Answer, ...]:
    """What was answered in `run`: to questions of the run `before` it, and to its own."""
    given = run.input if before is not None else None
    found: list[Answer] = []
    if before is not None and isinstance(given, dict) and "resume" in given:
        asked = {_id_of(step) or str(step.number): step for step in before.steps if step.kind == "interrupt"}
        found += _answers(before, asked, given["resume"])
    waiting: list[tuple[Waiting, Step]] = []
    for one in (before, run) if before is not None and not found else (run,):
        for step in one.steps:
            if step.kind == "interrupt":
                waiting.append((one, step))
            elif step.kind == "resume" and waiting and "value" in step.fields:
                asks, question = waiting.pop(_asked_there(waiting, step))
                if one is run:
                    found.append(_answer(asks, question, step.field("value")))
    return tuple(found)


def _asked_there(waiting: Sequence[tuple[Waiting, Step]], resume: Step) -> int:
    """The place of the question that a point answers: the one of the step that goes on, else the oldest."""
    where = resume.fields.get("where")
    return next((at for at, (_, step) in enumerate(waiting) if step.fields.get("where") == where), 0)


def _answer(asks: Waiting, question: Step, answer: Json) -> Answer:
    return Answer(asks.id, question.number, _id_of(question), question.field("value"), answer)


def _answers(before: Waiting, asked: dict[str, Step], given: Json) -> Iterable[Answer]:
    """An answer of LangGraph's: by the questions' ids, or to the one that waits."""
    by_id = (
        cast("Record", given) if isinstance(given, dict) and given and asked.keys() >= given.keys() else None
    )
    if by_id is None:
        by_id = dict.fromkeys(list(asked)[-1:], given)
    for name, answer in by_id.items():
        yield _answer(before, asked[name], answer)


def _id_of(step: Step) -> str:
    given = step.fields.get("id")
    return given if isinstance(given, str) else ""


def _checkpoint(place: Json) -> Json:
    return place.get("id") if isinstance(place, dict) else None
