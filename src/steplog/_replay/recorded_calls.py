"""The model calls and tool calls of a recorded run, each given out once to whoever asks as it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._replay.difference import difference_in_words, essence
from steplog._replay.errors import CannotReplay, NothingLeft, PromptChanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_LOST: Final = ("$cut", "$blob", "$text")
_MASKED: Final = "[masked:"


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A model call as it was recorded.

    step: its number in the run. prompt: the messages it was sent. answer: the message it gave. usage: tokens by the format's
    names. model, finish_reason: the provider's own words, empty where they are not known.
    """

    step: int
    prompt: list[Record]
    answer: Record
    usage: Mapping[str, int]
    model: str
    finish_reason: str


class RecordedCalls:
    """A run's model calls; `take` gives each of them once.

    agent: only the calls made in the agent of this name. strict: a prompt that was not recorded raises; else the next call
    in order answers, whatever it was asked. What cannot be replayed is said when this is made, not in the middle of a test.

    Raises: CannotReplay.
    """

    def __init__(self, run: Run, *, agent: str | None = None, strict: bool = True) -> None:
        """Read all of a run's model calls."""
        self._strict = strict
        self._lock = threading.Lock()
        steps = [
            step for step in run.steps if step.kind == "llm" and (agent is None or _agent_of(step) == agent)
        ]
        if not steps:
            where = f" of agent {agent!r}" if agent is not None else ""
            raise CannotReplay(f"run {run.id} has no model calls{where}")
        problems = [problem for step in steps for problem in _problems(step)]
        if problems:
            raise CannotReplay(f"run {run.id} cannot be replayed: {'; '.join(problems)}")
        self._left = [_recorded(step) for step in steps]

    def take(self, prompt: Sequence[Record]) -> RecordedCall:
        """The recorded call that was sent this prompt; of several the first that was not given out.

        Raises: PromptChanged with the difference in words; NothingLeft when all calls were given out.
        """
        asked = [essence(message) for message in prompt]
        with self._lock:
            if not self._left:
                raise NothingLeft("the run was answered to its end, and the agent asks once more")
            for number, call in enumerate(self._left):
                if [essence(message) for message in call.prompt] == asked:
                    return self._left.pop(number)
            if self._strict:
                nearest = self._left[0]
                raise PromptChanged(
                    f"the prompt of model call {nearest.step} is another one: {difference_in_words(nearest.prompt, prompt)}"
                )
            return self._left.pop(0)

    @property
    def left(self) -> int:
        """How many recorded calls nobody has asked for yet."""
        return len(self._left)


class RecordedTools:
    """A run's tool calls: what each tool gave back for the arguments it was called with."""

    def __init__(self, run: Run) -> None:
        """Read all of a run's tool calls. Raises: CannotReplay."""
        self._lock = threading.Lock()
        self._left: list[tuple[str, Any, Step]] = [
            (step.name, step.field("args") or {}, step)
            for step in run.steps
            if step.kind == "tool" and not step.open
        ]
        lost = [step for _, _, step in self._left if _is_lost(_result_of(step))]
        if lost:
            named = ", ".join(f"{step.number} ({step.name})" for step in lost)
            raise CannotReplay(
                f"run {run.id}: the results of tool calls {named} were cut or left out when they were recorded"
            )

    @property
    def names(self) -> frozenset[str]:
        """The tools that were called."""
        return frozenset(name for name, _, _ in self._left)

    def take(self, name: str, args: Mapping[str, Any]) -> Json:
        """What the tool gave back for these arguments; a failure that was recorded is raised again, as `RuntimeError`.

        Raises: PromptChanged where the tool was never called so; RuntimeError.
        """
        with self._lock:
            for number, (known, given, step) in enumerate(self._left):
                if known == name and given == dict(args):
                    del self._left[number]
                    if step.error is not None:
                        raise RuntimeError(f"{step.error.get('type')}: {step.error.get('message')}")
                    return _result_of(step)
        raise PromptChanged(f"{name} was never called with {dict(args)} in the recorded run")


def _recorded(step: Step) -> RecordedCall:
    model, reason = step.fields.get("model"), step.fields.get("finish_reason")
    return RecordedCall(
        step.number, step.prompt, step.message or {}, step.usage,
        model if isinstance(model, str) else "", reason if isinstance(reason, str) else "",
    )  # fmt: skip


def _problems(step: Step) -> list[str]:
    if step.message is None:
        return [] if step.error is not None else [f"model call {step.number} has no answer in the log"]
    if _is_lost(step.message):
        return [
            f"the answer of model call {step.number} was cut or left out (record with content=full, max_value_bytes)"
        ]
    if _holds(step.message, _MASKED):
        return [f"the answer of model call {step.number} has a masked secret in it"]
    return []


def _result_of(step: Step) -> Json:
    return step.message.get("content") if step.message is not None else step.field("result")


def _is_lost(value: Json) -> bool:
    if isinstance(value, dict):
        mapping = cast("Record", value)
        return any(name in mapping for name in _LOST) or any(_is_lost(inner) for inner in mapping.values())
    return any(_is_lost(inner) for inner in cast("list[Json]", value)) if isinstance(value, list) else False


def _holds(value: Json, word: str) -> bool:
    if isinstance(value, str):
        return word in value
    if isinstance(value, dict):
        return any(_holds(inner, word) for inner in cast("Record", value).values())
    return (
        any(_holds(inner, word) for inner in cast("list[Json]", value)) if isinstance(value, list) else False
    )


def _agent_of(step: Step) -> str:
    above = step.parent
    while above is not None and above.kind != "agent":
        above = above.parent
    return "" if above is None else above.name
