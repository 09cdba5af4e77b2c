"""The tool calls of a run, in a form in which two can be compared: what was called with what, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steplog._ask.said import args_of, calls_of, result_of, texts_of
from steplog._show.preview import as_text
from steplog._show.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_SAID_CELLS = 80


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call whose arguments the log has.

    `agent` is the number of the agent it belongs to (0: the run). `args` and `result` are texts that equal values share.
    `message` is the number of the message that holds the result, `is_asked_for` whether a model asked for it.
    """

    number: int
    agent: int
    name: str
    args: str
    result: str
    failed: bool
    message: int | None
    is_asked_for: bool

    @property
    def what(self) -> tuple[str, str, str]:
        """What was called and what it gave."""
        return self.name, self.args, self.result

    @property
    def said(self) -> str:
        """The call in a few words: `search({"q": "tea"})`."""
        return one_line(f"{self.name}({self.args})", _SAID_CELLS)


def calls_of_run(run: Run, agents: Mapping[int, int]) -> list[Call]:
    """The finished tool calls of a run, by number; those whose arguments are not in the log are left out."""
    asked = {
        as_text(call.get("id")) for step in run.steps if step.kind == "llm" for call in calls_of(step.message)
    }
    return [
        _call(step, agents.get(step.number, 0), asked)
        for step in run.steps
        if step.kind == "tool" and not step.open and args_of(step) is not None
    ]


def _call(step: Step, agent: int, asked: set[str]) -> Call:
    message = step.message
    number = None if message is None else message.get("m")
    call_id = as_text(step.fields.get("call_id"))
    error = step.error
    return Call(
        number=step.number,
        agent=agent,
        name=step.name,
        args=texts_of(args_of(step)),
        result=texts_of(result_of(step) if error is None else dict(error)),
        failed=step.status != "ok",
        message=number if isinstance(number, int) else None,
        is_asked_for="asked_by" in step.fields or (call_id != "" and call_id in asked),
    )
