"""Prompts that grow: the messages a run's last prompt began with, compared in C when the next one comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import eq, is_
from typing import Any, Final, NamedTuple, TypeAlias

from steplog._write.said.message_types import Ids, Known, Message

Span: TypeAlias = tuple[int, int]  # first and last of numbers in a row


class History(NamedTuple):
    """Messages that stand in the log, in the order of a prompt: the objects, their marks, and their numbers.

    An agent's prompt is its last one with a few messages more. Each of its messages must be looked at, since any may
    have been edited in place; but a look in C costs a fifth of one in byte code.
    """

    state: (
        Callable[[Any], Any] | None
    )  # of all of them, see `MessageType`; None where they have none in common
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

    def followed_by(self, known: list[Known]) -> History:
        """These and more; not fit to be compared again unless all are of types with one `state`."""
        state = self.state if self.holders else known[0].how.state
        holders, marks = self.holders.copy(), self.marks.copy()
        numbers: list[int] = []
        for one in known:  # one loop: three comprehensions would be felt
            holders.append(one.holder)
            marks.append(one.mark)
            numbers.append(one.number)
            if one.how.state is not state:
                state = None
        return History(state, holders, marks, with_numbers(self.spans, numbers))


NO_HISTORY: Final = History(None, [], [], [])


def unchanged(messages: list[Any], objects: Mapping[int, Known]) -> list[Known]:
    """What is known of the messages up to the first one that is not as it was; `objects` is by `id()`."""
    found: list[Known] = []
    for message in messages:
        known = objects.get(id(message))
        if known is None or known[0] is not message or not is_as_it_was(known):
            break
        found.append(known)
    return found


def is_as_it_was(known: Known) -> bool:
    """Whether nothing of a message, ids included, was changed since it was written."""
    message, how, _, mark, _, ids, _, _ = known
    if how.state is None:
        return how.same(message, mark) and (how.ids is None or how.ids(message) == ids)
    try:
        return bool(how.state(message) == mark)
    except Exception:  # noqa: BLE001 - as above
        return False


def mark_but_for_ids(known: Known, ids: Ids) -> Any:
    """The mark of a message that has these ids now and is otherwise as it was written; None where it is not.

    What is not written of it may have changed as well.
    """
    message, how, _, mark, _, _, _, _ = known
    if how.state is not None:
        mark = {**mark, "id": ids[0], "name": ids[1]}
        try:
            if how.state(message) == mark:
                return mark
        except Exception:  # noqa: BLE001 - as above
            return None
    return how.take(message)[0] if how.ids is not None and how.same(message, known.mark) else None


def is_less(ids: Ids, before: Ids) -> bool:
    """Whether an id or a name is gone, which cannot be told as an amendment."""
    return (ids[0] is None and before[0] is not None) or (ids[1] is None and before[1] is not None)


def changes_of(known: Known, read: Message, plain: Message) -> Message | None:
    """What differs in a message that was edited since it was written; None where something is gone."""
    if known.plain.keys() - plain.keys():
        return None
    return {
        k: v
        for k, v in plain.items()
        if known.plain.get(k) != v or (type(read.get(k)) is str and known.read.get(k) != read[k])
    }


def copied(o: Any) -> Any:
    """A copy of a plain value, which later edits of it do not reach."""
    cls = type(o)
    if cls is dict:
        return {key: copied(value) for key, value in dict(o).items()}
    return [copied(item) for item in list(o)] if cls is list or cls is tuple else o


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
