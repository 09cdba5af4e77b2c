"""Prompts that grow: the messages that a run's last prompt had, compared in C when the next one comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from operator import eq, is_
from typing import Any, Final, NamedTuple, TypeAlias

from steplog._write.said.written_message import WrittenMessage, is_unchanged

Span: TypeAlias = tuple[int, int]  # first and last of numbers in a row


class Prompt(NamedTuple):
    """Messages that stand in the log, in the order of a prompt: the objects, their marks, and their numbers.

    An agent's prompt is its last one with a few messages more. Each of its messages must be looked at, since any may
    have been edited in place; but a look in C costs a fifth of one in byte code.
    """

    # `MessageType.state` of all of them; None where they have none in common, and for no messages.
    state: Callable[[Any], Any] | None
    holders: list[Any]
    marks: list[Any]
    spans: list[Span]

    def begins(self, messages: list[Any]) -> bool:
        """Whether `messages` begin with these, and all of these are what they were when they were written."""
        # The same objects first: to compare others would run their code.
        if len(messages) < len(self.holders) or not all(map(is_, self.holders, messages)):
            return False
        try:
            return self.state is None or all(map(eq, map(self.state, self.holders), self.marks))
        except Exception:  # noqa: BLE001 - a field was replaced by what cannot be compared: then it was changed
            return False


NO_PROMPT: Final = Prompt(None, [], [], [])


def known_part(messages: list[Any], last: Prompt, written: Mapping[Any, WrittenMessage | None]) -> Prompt:
    """What `messages` begin with that the log has as it is now; `last` is the run's last prompt, `written` by `id()`."""
    if not last.begins(messages):
        last = NO_PROMPT
    done = len(last.holders)
    if done == len(messages):
        return last
    state, holders, marks = last.state, last.holders.copy(), last.marks.copy()
    numbers: list[int] = []
    for message in islice(messages, done, None):
        found = written.get(id(message))
        if found is None or found.holder is not message or not is_unchanged(found):
            break
        if found.how.state is not state:
            state = None if holders else found.how.state
        holders.append(message)
        marks.append(found.mark)
        numbers.append(found.number)
    return Prompt(state, holders, marks, with_numbers(last.spans, numbers)) if numbers else last


def with_numbers(spans: list[Span], numbers: Iterable[int]) -> list[Span]:
    """`[(1, 3)]` and 4, 5, 7 as `[(1, 5), (7, 7)]`; the list that was given stays as it is."""
    out = list(spans)
    for number in numbers:
        if out and number == out[-1][1] + 1:
            out[-1] = (out[-1][0], number)
        else:
            out.append((number, number))
    return out


def ranges(spans: list[Span]) -> str:
    """`[(1, 3), (7, 7)]` as `"1-3,7"`."""
    text = ""
    for first, last in spans:
        text += f",{first}-{last}" if first != last else f",{first}"
    return text[1:]
