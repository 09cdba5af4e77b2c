"""The calls of two runs, each beside the one that stands in its place in the other."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from steplog._ask.said import args_of, calls_of, model_of, result_of, text_of, texts_of, tokens_of
from steplog._format.record import CALLS
from steplog._show.preview import as_text, call_text, message_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_MOST_COMPARED: Final = 4_000_000  # pairs of calls: beyond it calls are paired by their place


@dataclass(frozen=True)
class Call:
    """One call of a run, with what can be compared of it: no id and no time."""

    step: Step

    @property
    def number(self) -> int:
        """The step's number."""
        return self.step.number

    @property
    def said(self) -> str:
        """Its kind and name."""
        return f"{self.step.kind} {self.step.name}".strip()

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens read and written."""
        return tokens_of(self.step, "input_tokens"), tokens_of(self.step, "output_tokens")

    @property
    def place(self) -> str:
        """What must be the same for two calls to stand in one place: its kind, and of a tool its name."""
        return f"{self.step.kind} {self.step.name}" if self.step.kind == "tool" else self.step.kind

    @cached_property
    def facts(self) -> dict[str, str]:
        """What can differ, in the order in which it is named, as texts."""
        step = self.step
        if step.kind == "llm":
            asked = ", ".join(
                f"{call.get('name')}({texts_of(call.get('args'))})" for call in calls_of(step.message)
            )
            found = {
                "model": model_of(step),
                "calls": asked,
                "answer": text_of(step.message),
            }
        elif step.kind == "tool":
            found = {
                "tool": step.name,
                "arguments": texts_of(args_of(step)),
                "result": texts_of(result_of(step)),
            }
        else:
            found = {
                "query": texts_of(step.field("query")),
                "documents": texts_of(_documents(step.field("documents"))),
            }
        error = step.error
        failed = "" if error is None else f" {as_text(error.get('type'))}: {as_text(error.get('message'))}"
        return {**found, "status": step.status + failed}

    def differences(self, other: Call, *, prompts: bool) -> Iterator[str]:
        """What is not the same in both; with `prompts` also whether they were shown the same."""
        if prompts and _texts(self.step.prompt) != _texts(other.step.prompt):
            yield "prompt"
        names = dict.fromkeys((*self.facts, *other.facts))
        yield from (name for name in names if self.facts.get(name) != other.facts.get(name))

    def side(self, what: str, other: Call | None) -> str:
        """What this side has, where the two differ, in words."""
        if what == "prompt" and other is not None:
            return _first_other(self.step.prompt, other.step.prompt)
        if what in ("calls", "answer"):
            return message_text(self.step.message)
        if what in ("arguments", "missing"):
            return (
                call_text({"name": self.step.name, "args": args_of(self.step)})
                if self.step.kind == "tool"
                else self.said
            )
        return self.facts.get(what, "")


def calls_in(run: Run) -> list[Call]:
    """The calls of a run that leave the program's own code, by number."""
    return [Call(step) for step in run.steps if step.kind in CALLS]


def aligned(a: Sequence[Call], b: Sequence[Call]) -> Iterator[tuple[Call | None, Call | None]]:
    """Each call of both runs once, beside the one in its place."""
    if len(a) * len(b) > _MOST_COMPARED:
        yield from zip_longest(a, b)
        return
    matcher = SequenceMatcher(None, [call.place for call in a], [call.place for call in b], autojunk=False)
    for _, first_a, last_a, first_b, last_b in matcher.get_opcodes():
        yield from zip_longest(a[first_a:last_a], b[first_b:last_b])


def _texts(messages: Sequence[Record]) -> list[str]:
    return [_said(message) for message in messages]


def _said(message: Record) -> str:
    calls = (f"{call.get('name')}({texts_of(call.get('args'))})" for call in calls_of(message))
    return "\n".join((as_text(message.get("role")), text_of(message), *calls))


def _first_other(mine: Sequence[Record], others: Sequence[Record]) -> str:
    """The first message of a prompt that the other prompt does not have in its place."""
    for at, message in enumerate(mine):
        if at >= len(others) or _said(message) != _said(others[at]):
            return f"message {at + 1} of {len(mine)}, {as_text(message.get('role'))}: {message_text(message)}"
    return f"only {len(mine)} messages"


def _documents(value: Json) -> Json:
    """What was retrieved without ids and scores, which differ from index to index."""
    if not isinstance(value, list):
        return value
    return [each.get("content", each.get("id")) if isinstance(each, dict) else each for each in value]
