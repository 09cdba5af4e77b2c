"""One step of a run: what its lines say, its place among the others, its messages whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from steplog._read.runs.recovered import saved_by
from steplog._read.runs.times import moment
from steplog._read.runs.typed import Document, Message, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from steplog._format.record import Json, Record
    from steplog._read.runs.lines_of_step import StepLines
    from steplog._read.runs.references import Values


class Siblings(Protocol):
    """What a step knows of the run that it is part of."""

    open_status: str

    @property
    def parents(self) -> Mapping[int, int]: ...
    @property
    def values(self) -> Values: ...
    def step(self, number: int) -> Step | None:
        """The step of that number."""
        ...

    def children_of(self, number: int | None) -> tuple[Step, ...]:
        """The children of a step, or of the run itself."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Step:
    """One step of a run; `number` is its place in the order of starts, from 1.

    What is not known is None, or empty.
    """

    __slots__ = ("__weakref__", "_lines", "_run", "number")

    number: int
    _lines: StepLines
    _run: Siblings

    @property
    def kind(self) -> str:
        """`"llm"`, `"tool"`, `"retriever"`, `"embedding"`, `"rerank"`, `"agent"`, `"node"`, `"chain"`, or a point's."""
        return self._lines.kind

    @property
    def name(self) -> str:
        """What the step is called; of a model call without a name the model's."""
        fields = self._lines.fields
        return _text(fields.get("name")) or _text(fields.get("model"))

    @property
    def status(self) -> str:
        """That of its end (`"ok"` if it says none). Without an end `"running"`, `"crashed"` (its process died), or

        `"unfinished"`: its end is not in the log, and nothing says why.
        """
        if self.open:
            return self._run.open_status
        return _text((self._lines.end or {}).get("status")) or "ok"

    @property
    def started(self) -> datetime | None:
        """When it began, in UTC."""
        lines = self._lines
        first = lines.start or lines.point or (lines.more[0] if lines.end is None else None)
        return None if first is None else moment(first.get("ts"))

    @property
    def ms(self) -> float | None:
        """Its duration in milliseconds; None without an end, and for points."""
        return _number((self._lines.end or {}).get("ms"))

    @property
    def fields(self) -> Mapping[str, Json]:
        """What its start and its end say, as written; the `messages` of an `llm.end` are `candidates` here."""
        return self._lines.fields

    @property
    def implied(self) -> bool:
        """Whether its end was inferred by the writer."""
        return (self._lines.end or {}).get("implied") is True

    @property
    def open(self) -> bool:
        """Whether it started and has no end in the log."""
        return self._lines.end is None and self._lines.point is None

    @property
    def start_lost(self) -> bool:
        """Whether there is no start of it."""
        has_start = self._lines.start is not None or self._lines.point is not None
        return not has_start or self._lines.fields.get("start_lost") is True

    @property
    def point(self) -> bool:
        """Whether it is a step without a duration: a retry, an interrupt, a resume, a custom event."""
        return self._lines.point is not None and self._lines.start is None

    @property
    def parent(self) -> Step | None:
        """The step this one is part of; None for a child of the run itself."""
        number = self._run.parents.get(self.number)
        return None if number is None else self._run.step(number)

    @property
    def children(self) -> tuple[Step, ...]:
        """The steps that are part of this one, by number."""
        return self._run.children_of(self.number)

    @property
    def recovered_by(self) -> Step | None:
        """The step that made good what failed in this one: its next attempt, an error handler, another model."""
        above = self.parent
        return saved_by(self, self._run.children_of(above.number if above else None))

    @property
    def node(self) -> str:
        """The graph node it ran in, where the log says so."""
        return _text(self.fields.get("node"))

    @property
    def model(self) -> str:
        """The model that answered, else that which was asked."""
        return _text(self.fields.get("model"))

    @property
    def provider(self) -> str:
        """Whose model it is."""
        return _text(self.fields.get("provider"))

    @property
    def args(self) -> Json:
        """What a tool was called with, references followed."""
        return self.field("args")

    @property
    def result(self) -> Json:
        """What a tool gave back, references followed; where that is a message, its content."""
        if "result" in self.fields or self.kind != "tool":
            return self.field("result")
        return None if self.message is None else self.message.get("content", "")

    @property
    def call_id(self) -> str:
        """The id of the call that asked for this tool."""
        return _text(self.fields.get("call_id"))

    @property
    def finish_reason(self) -> str:
        """Why the model stopped, in the provider's own word."""
        return _text(self.fields.get("finish_reason"))

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        attempt = self.fields.get("attempt")
        return attempt if isinstance(attempt, int) else 1

    @property
    def ttft_ms(self) -> float | None:
        """Milliseconds until the first token of a streamed answer."""
        return _number(self.fields.get("ttft_ms"))

    @property
    def cached(self) -> bool:
        """Whether a cache of the framework's gave the answer: its usage is in no total."""
        return self.fields.get("cached") is True

    @property
    def documents(self) -> tuple[Document, ...]:
        """What a retriever found, or a reranker kept, references followed."""
        found = self.field("documents")
        return (
            tuple(Document.of(one) for one in found if isinstance(one, dict))
            if isinstance(found, list)
            else ()
        )

    @property
    def usage(self) -> Usage:
        """The tokens of the call; empty if none are known."""
        usage = self.fields.get("usage")
        return Usage(usage if isinstance(usage, dict) else {})

    @property
    def error(self) -> Mapping[str, Json] | None:
        """What the step failed with: `type`, `message`, `stack` …; None if it did not fail."""
        error = self.fields.get("error")
        return error if isinstance(error, dict) else None

    @property
    def prompt(self) -> list[Record]:
        """The messages the model was sent, whole and in order, as the log has them; empty for steps other than `llm`."""
        return self._run.values.prompt(self.fields.get("prompt"), self._lines.first)

    @property
    def prompt_numbers(self) -> tuple[int | str, ...]:
        """The numbers of the messages the model was sent; what is no number in a damaged log as it stands."""
        return self._run.values.numbers(self.fields.get("prompt"))

    @property
    def sent(self) -> tuple[Message, ...]:
        """The messages the model was sent, whole and in order; empty for steps other than `llm`."""
        return tuple(map(Message.of, self.prompt))

    @property
    def asked(self) -> Record | None:
        """The last message the model was sent, as the log has it; None for steps other than `llm`."""
        numbers, values, line = self.prompt_numbers, self._run.values, self._lines.first
        return values.resolve(values.message(numbers[-1], line), line) if numbers else None

    @property
    def message(self) -> Record | None:
        """The answer of a model, or a tool's message, whole, as the log has it; None if there is none."""
        message = self.fields.get("message")
        if isinstance(message, int):
            message = self._run.values.message(message, self._lines.last)
        whole = self._run.values.resolve(message, self._lines.last)
        return whole if isinstance(whole, dict) else None

    @property
    def answer(self) -> Message | None:
        """The answer of a model, or a tool's message; None if there is none."""
        message = self.message
        return None if message is None else Message.of(message)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that a model's answer asks for."""
        answer = self.answer
        return () if answer is None else answer.tool_calls

    def field(self, name: str) -> Json:
        """One field with every reference in it followed; None if the step does not have it."""
        return self._run.values.resolve(self.fields.get(name), self._lines.last)

    def resolved(self) -> dict[str, Json]:
        """The fields with every reference followed.

        `$m` and `$same` are replaced by the values; `prompt` is the list of messages, so the start's `messages` (those
        of them that were new) is left out; `message` and `candidates` are whole messages. Other markers (`$cut`,
        `$blob` …) stay, and so does the second `$` of a program's own keys that begin with one.
        """
        values = self._run.values
        fields = {name: self.field(name) for name in self.fields if name != "messages"}
        if "prompt" in fields:
            fields["prompt"] = self.prompt
        if "message" in fields:
            fields["message"] = self.message
        if isinstance(fields.get("candidates"), list):
            fields["candidates"] = [
                values.message(c) if isinstance(c, int) else c for c in fields["candidates"]
            ]
        return fields

    def __repr__(self) -> str:
        """The step in one line."""
        return f"<Step {self.number} {self.kind} {self.name} {self.status}>"

    def __str__(self) -> str:
        """Everything about the step, as `steplog show RUN STEP` prints it."""
        from steplog._show.step_page import step_lines  # noqa: PLC0415 -- reading needs no pictures

        return "\n".join(step_lines(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 -- IPython's signature
        """In IPython's terminal the same."""
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        """In a notebook the same, as HTML."""
        from steplog._show.html import step_html  # noqa: PLC0415 -- pictures are for who asks

        return step_html(self)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) else None
