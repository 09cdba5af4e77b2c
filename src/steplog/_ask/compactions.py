"""Where a prompt shrank between two calls of one agent: what went, what came instead, and by whom."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.agents import agents_of
from steplog._ask.said import text_of, texts_of, tokens_of
from steplog._ask.walk import numbered_messages
from steplog._show.preview import as_text, message_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_LEAST_QUOTED: Final = 20  # characters of an answer by which it is known again inside a summary


@dataclass(frozen=True, slots=True)
class Gone:
    """One message that the next call was no longer shown: its number, role and text, and the number of what it became."""

    m: int
    role: str
    text: str
    became: int | None


@dataclass(frozen=True, slots=True)
class Compaction:
    """A prompt that lost messages.

    `step` is the call with the shorter prompt, `before` the call before it. `kind`: `summarised` (a new message stands for
    what went), `edited` (messages were rewritten in place), `trimmed` (they only went). `added` are the new messages that
    no model and no tool had said. `by` are the steps that did it, as far as the log says: the node that wrote the new
    messages, the model call that made the summary. The tokens are those of the two prompts, 0 if unknown.
    """

    step: int
    before: int
    kind: str
    gone: tuple[Gone, ...]
    added: tuple[Gone, ...]
    by: tuple[int, ...]
    by_names: tuple[str, ...]
    messages_before: int
    messages_after: int
    tokens_before: int
    tokens_after: int

    def as_json(self) -> dict[str, Any]:
        """The compaction as plain JSON."""
        found = asdict(self)
        found["added"] = [
            {name: value for name, value in each.items() if name != "became"} for each in found["added"]
        ]
        return found | {name: list(found[name]) for name in ("gone", "by", "by_names")}


def compactions(run: Run) -> tuple[Compaction, ...]:
    """Where the prompts of the run's agents lost messages, in order."""
    agents = agents_of(run)
    lines: dict[tuple[int, str, Json], Step] = {}
    messages = {message["m"]: message for message in run.messages}
    origins = _origins(run)
    found: list[Compaction] = []
    for step in run.steps:
        numbers = _numbers(step)
        if step.kind != "llm" or not numbers:
            continue
        # Calls of one agent for one purpose: the same tools, the same system message. A call that only makes a summary
        # is none of them.
        first = messages.get(numbers[0], {})
        system = numbers[0] if first.get("role") == "system" else None
        key = (agents.get(step.number, 0), texts_of(step.fields.get("tools")), system)
        before = lines.get(key)
        if before is not None:
            found.extend(_compared(run, before, step, messages, origins))
        lines[key] = step
    return tuple(found)


@dataclass(slots=True)
class _Origins:
    """In which step each message was first written, and which one it is a rewriting of."""

    step: dict[int, int] = field(default_factory=dict[int, int])
    like: dict[int, int] = field(default_factory=dict[int, int])


def _origins(run: Run) -> _Origins:
    origins = _Origins()
    for record in run.records():
        for message in numbered_messages(record):
            number = message["m"]
            if number in origins.step or "set" in message:
                continue
            origins.step[number] = record.get("step") or 0
            if isinstance(message.get("like"), int):
                origins.like[number] = message["like"]
    return origins


def _numbers(step: Step) -> list[int]:
    return [number for number in step.prompt_numbers if isinstance(number, int)]


def _compared(
    run: Run, before: Step, step: Step, messages: Mapping[int, Record], origins: _Origins
) -> Iterator[Compaction]:
    old, new = _numbers(before), _numbers(step)
    kept = set(old) & set(new)
    lost = [number for number in old if number not in kept]
    fresh = [number for number in new if number not in kept]
    became = {old: new for new in fresh for old in lost if _is_edited(old, new, messages, origins)}
    is_same_talk = any(messages.get(number, {}).get("role") != "system" for number in kept)
    if not lost or not (is_same_talk or became):
        return
    added = [number for number in _inserted(new, kept, messages) if number not in became.values()]
    by = list(_by(run, before, step, [*added, *became.values()], messages, origins))
    yield Compaction(
        step=step.number,
        before=before.number,
        kind="summarised" if added else "edited" if became else "trimmed",
        gone=tuple(_gone(number, messages, became) for number in lost),
        added=tuple(_gone(number, messages, {}) for number in added),
        by=tuple(each.number for each in by),
        by_names=tuple(f"{each.kind} {each.name}".strip() for each in by),
        messages_before=len(old),
        messages_after=len(new),
        tokens_before=tokens_of(before, "input_tokens"),
        tokens_after=tokens_of(step, "input_tokens"),
    )


def _inserted(new: Sequence[int], kept: set[int], messages: Mapping[int, Record]) -> Iterator[int]:
    """New messages before the last that was kept: what was said or called meanwhile comes behind it."""
    last = max((at for at, number in enumerate(new) if number in kept), default=-1)
    for number in new[: max(last, 0)]:
        if number not in kept and not _is_turn(messages.get(number)):
            yield number


def _is_edited(old: int, new: int, messages: Mapping[int, Record], origins: _Origins) -> bool:
    """Whether a message is another one rewritten: the recorder says so, or its id or the call it answers is the same."""
    before, after = messages.get(old, {}), messages.get(new, {})
    if origins.like.get(new) == old:
        return True
    same = before.get("role") == after.get("role")
    return same and any(
        before.get(name) and before.get(name) == after.get(name) for name in ("id", "tool_call_id")
    )


def _is_turn(message: Record | None) -> bool:
    return message is not None and message.get("role") in ("assistant", "tool")


def _gone(number: int, messages: Mapping[int, Record], became: Mapping[int, int]) -> Gone:
    message = messages.get(number, {})
    return Gone(number, as_text(message.get("role")), message_text(message), became.get(number))


def _by(
    run: Run, before: Step, step: Step, new: Sequence[int], messages: Mapping[int, Record], origins: _Origins
) -> Iterator[Step]:
    """The steps between the two calls that wrote the new messages, or whose answer stands in one of them."""
    texts = [text_of(messages.get(number)) for number in new]
    writers = {origins.step.get(number) for number in new}
    above = {step.number}
    parent = step.parent
    while parent is not None and parent.number not in above:
        above.add(parent.number)
        parent = parent.parent
    for each in run.steps:
        if not before.number < each.number < step.number or each.number in above:
            continue
        answer = text_of(each.message) if each.kind == "llm" else ""
        quoted = len(answer) >= _LEAST_QUOTED and any(answer in text for text in texts)
        if quoted or each.number in writers or (each.kind == "node" and _removes(each)):
            yield each


def _removes(step: Step) -> bool:
    """Whether a node's output says that messages go: LangGraph's `RemoveMessage`."""
    return '"remove"' in texts_of(step.field("output")) or "RemoveMessage" in texts_of(step.field("output"))
