"""What a step says, by kind and from damaged logs too: its model, its arguments, its result, the calls an answer asks for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, cast

from steplog._show.preview import as_text, beside
from steplog._show.terminal_text import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json, Record
    from steplog._show.views import StepView

# The providers' words for an answer that a limit cut off.
CUT_OFF: Final = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "incomplete"})


def model_of(step: StepView) -> str:
    """The model a step called: what answered, where that differs from what was asked for."""
    model = step.fields.get("model")
    return model if isinstance(model, str) else ""


def args_of(step: StepView) -> Json:
    """What a tool was called with, whole; None if it is not known."""
    args = step.field("args")
    return step.field("input") if args is None else args


def result_of(step: StepView) -> Json:
    """What a tool gave, whole: its result, or the content of its message; None if it gave nothing."""
    message = step.message
    if message is not None:
        return message.get("content")
    result = step.field("result")
    return step.field("output") if result is None else result


def calls_of(message: Mapping[str, Json] | None) -> tuple[Record, ...]:
    """The tool calls that an answer asks for: mappings with `id`, `name`, `args`."""
    calls = None if message is None else message.get("tool_calls")
    return tuple(call for call in calls if isinstance(call, dict)) if isinstance(calls, list) else ()


def text_of(message: Mapping[str, Json] | None) -> str:
    """A message's content as text; of one without any what stands beside it, as with which words a model refused."""
    return "" if message is None else as_text(message.get("content")) or " ".join(beside(message))


def tokens_of(step: StepView, name: str) -> int:
    """One of the step's token counts by its name in the format, such as `input_tokens`; 0 if it is not known."""
    value = step.usage.get(name)
    return value if isinstance(value, int) else 0


def messages_in(value: Json) -> list[Record]:
    """The messages in what a run was given or returned: a list of them, or a state that holds one; else none.

    LangChain's short form, `["user", "hello"]`, counts too.
    """
    held = value.get("messages") if isinstance(value, dict) else value
    found: list[Record] = []
    for each in cast("list[Json]", held) if isinstance(held, list) else ():
        match each:
            case {"role": str()}:
                found.append(each)
            case [str(role), str(content)]:
                found.append({"role": role, "content": content})
            case _:
                pass
    return found


def is_from_user(message: Mapping[str, Json]) -> bool:
    """Whether a message is what a person said."""
    return message.get("role") in ("user", "human")


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; `cache_read` and `cache_write` are part of `input`, `reasoning` is part of `output`."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    @property
    def problem(self) -> str:
        """Why no price can be put on it, in words; empty if one can."""
        if not self.input and not self.output:
            return "the log has no token counts"
        if self.cache_read + self.cache_write > self.input or self.reasoning > self.output:
            return "the token counts contradict each other"
        return ""


def usage_of(step: StepView) -> Usage:
    """The step's token counts; those of an answer that a framework's cache gave are none: nothing was used."""
    if step.fields.get("cached"):
        return Usage()
    return Usage(*(tokens_of(step, f"{field.name}_tokens") for field in fields(Usage)))


def texts_of(value: Json) -> str:
    """A value as the text that two equal values share, whatever the order of their keys."""
    return value if isinstance(value, str) else as_json(_sorted(value))


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        members = cast("dict[str, Json]", value)
        return {key: _sorted(members[key]) for key in sorted(members)}
    return [_sorted(part) for part in cast("list[Json]", value)] if isinstance(value, list) else value


def own_error(step: StepView) -> Mapping[str, Json] | None:
    """The error that began in this step; None if it has none, or one that only passed through."""
    error = step.error
    return None if error is None or step.status != "error" or "step" in error else error
