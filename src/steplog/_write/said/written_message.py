"""A message that stands in the log, and what of its object was changed since."""

from __future__ import annotations

from typing import Any, NamedTuple

from steplog._write.said.message_types import Ids, Message, MessageType


class WrittenMessage(NamedTuple):
    """A message that stands in the log under `number`.

    holder: the object; kept alive, so that its `id()` stays its own. None in the place of several equal ones.
    mark: what `how` made of it when it was written, to see edits by.
    body: the digest of all but `ids`, its id and name as written.
    read, plain: the message as it was read, and as it was written; both without `ids`.
    """

    holder: Any
    how: MessageType
    number: int
    mark: Any
    body: bytes
    ids: Ids
    read: Message
    plain: Message


def is_unchanged(written: WrittenMessage) -> bool:
    """Whether nothing of a message, ids included, was changed since it was written."""
    message, how, _, mark, _, ids, _, _ = written
    if how.state is None:
        return how.is_unchanged(message, mark) and (how.ids is None or how.ids(message) == ids)
    try:
        return bool(how.state(message) == mark)
    except Exception:  # noqa: BLE001 - a field was replaced by what cannot be compared: then it was changed
        return False


def mark_with_new_ids(written: WrittenMessage, ids: Ids) -> Any:
    """The mark of a message that has these ids now and is otherwise as it was written; None where it is not."""
    message, how, _, mark, _, _, _, _ = written
    if how.state is not None:
        mark = {**mark, "id": ids[0], "name": ids[1]}
        try:
            if how.state(message) == mark:
                return mark
        except Exception:  # noqa: BLE001 - as in `is_unchanged`
            return None
    return how.read(message)[0] if how.ids is not None and how.is_unchanged(message, written.mark) else None


def has_lost_ids(ids: Ids, before: Ids) -> bool:
    """Whether an id or a name is gone, which cannot be told as an amendment."""
    return (ids[0] is None and before[0] is not None) or (ids[1] is None and before[1] is not None)


def changes_of(written: WrittenMessage, read: Message, plain: Message) -> Message | None:
    """What differs in a message that was edited since it was written; None where something is gone."""
    if written.plain.keys() - plain.keys():
        return None
    return {
        k: v
        for k, v in plain.items()
        if written.plain.get(k) != v or (type(read.get(k)) is str and written.read.get(k) != read[k])
    }


def copied(value: Any) -> Any:
    """A copy of a plain value, which later edits of it do not reach."""
    cls = type(value)
    if cls is dict:
        return {key: copied(inner) for key, inner in dict(value).items()}
    return [copied(item) for item in list(value)] if cls is list or cls is tuple else value
