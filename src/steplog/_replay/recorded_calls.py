"""The model calls and tool calls of a recorded run, each given out once to whoever asks as it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steplog._replay.as_logged import args_as_logged, as_logged
from steplog._replay.difference import difference_in_words, essence
from steplog._replay.errors import CannotReplay, NothingLeft, PromptChanged
from steplog._replay.failures import raised_again
from steplog._replay.whole import model_problems, result_of, tool_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step


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
    params: frozenset[str] = frozenset()
    error: Mapping[str, Json] | None = None


class RecordedCalls:
    """A run's model calls; `take` gives each of them once.

    agent: only the calls made in the agent of this name. strict: a prompt that was not recorded raises; else the next call
    in order answers, whatever it was asked. `params`, `model` and `is_chat` say how the model was called. What cannot be replayed is said when this is made, not in the middle of a test.

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
        self._redact = run.writer.get("redact") is not False
        problems = [problem for step in steps for problem in model_problems(run, step, strict=strict)]
        if problems:
            raise CannotReplay(f"run {run.id} cannot be replayed: {'; '.join(problems)}")
        self._left = [_recorded(step) for step in steps]
        self.params = frozenset[str]().union(*(call.params for call in self._left))
        # A model that is sent one text, and is told of no tools, is one that completes texts.
        self.is_chat = any(step.fields.get("tools") for step in steps) or not all(
            [message.get("role") for message in call.prompt] == ["user"] for call in self._left
        )
        self.model = next((call.model for call in self._left if call.model), "")

    def take(self, messages: Sequence[Any]) -> RecordedCall:
        """The recorded call that was sent these messages of a framework; of several the first that was not given out.

        Raises: PromptChanged with the difference in words; NothingLeft when all calls were given out; what the recorded call
        raised, where it failed.
        """
        call = self._next(as_logged(messages, redact=self._redact))
        if call.error is not None:
            raise raised_again(call.error)
        return call

    def _next(self, prompt: Sequence[Record]) -> RecordedCall:
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
        self._redact = run.writer.get("redact") is not False
        steps = [step for step in run.steps if step.kind == "tool" and not step.open]
        problems = [problem for step in steps for problem in tool_problems(step)]
        if problems:
            raise CannotReplay(f"the tools of run {run.id} cannot be replayed: {'; '.join(problems)}")
        self._left: list[tuple[str, Any, Step]] = [
            (step.name, step.field("args") or {}, step) for step in steps
        ]

    @property
    def names(self) -> frozenset[str]:
        """The tools that were called."""
        return frozenset(name for name, _, _ in self._left)

    def args_of(self, tool: str) -> list[str]:
        """The names of the arguments that the tool was called with."""
        given = (args for name, args, _ in self._left if name == tool and isinstance(args, dict))
        return list(dict.fromkeys(name for args in given for name in args))

    def take(self, name: str, args: Mapping[str, Any]) -> Json:
        """What the tool gave back for these arguments; a failure that was recorded is raised again.

        Raises: PromptChanged where the tool was never called so; what the tool raised, or a RecordedFailure in its place.
        """
        step = self._found(name, args_as_logged(args, redact=self._redact))
        if step is None:
            raise PromptChanged(f"{name} was never called with {dict(args)} in the recorded run")
        if step.error is not None:
            raise raised_again(step.error)
        return result_of(step)

    def _found(self, name: str, asked: Json) -> Step | None:
        """The first call left with these arguments; or with fewer, where a framework adds defaults to what a model said."""
        with self._lock:
            of_tool = [
                (at, given, step) for at, (known, given, step) in enumerate(self._left) if known == name
            ]
            same = [(at, step) for at, given, step in of_tool if given == asked]
            if not same and isinstance(asked, dict):
                same = [(at, step) for at, given, step in of_tool if _is_part(given, asked)]
            if not same:
                return None
            at, step = same[0]
            del self._left[at]
            return step


def _is_part(given: Any, asked: Mapping[str, Json]) -> bool:
    return isinstance(given, dict) and all(
        name in asked and asked[name] == value for name, value in given.items()
    )


def _recorded(step: Step) -> RecordedCall:
    model, reason, params = (step.fields.get(name) for name in ("model", "finish_reason", "params"))
    return RecordedCall(
        step.number, step.prompt, step.message or {}, step.usage,
        model if isinstance(model, str) else "", reason if isinstance(reason, str) else "",
        frozenset(params) if isinstance(params, dict) else frozenset(), step.error if step.message is None else None,
    )  # fmt: skip


def _agent_of(step: Step) -> str:
    above = step.parent
    while above is not None and above.kind != "agent":
        above = above.parent
    return "" if above is None else above.name
