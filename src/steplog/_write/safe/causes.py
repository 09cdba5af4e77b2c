"""The exceptions behind an exception: causes, contexts and the members of groups, in the order they are to be told."""

from __future__ import annotations

from typing import Final, NamedTuple

_MOST_SEEN: Final = 1000  # exceptions that are looked at
_MOST_TOLD: Final = 16
_MOST_MEMBERS: Final = 8  # of one group

_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of = BaseException.__dict__["__context__"].__get__
_is_suppressed = BaseException.__dict__["__suppress_context__"].__get__
_members_of = BaseExceptionGroup.__dict__["exceptions"].__get__


class Cause(NamedTuple):
    """An exception behind another: `how` is "cause", "context" or "group", `depth` 1 for what stands behind the first.

    It stands behind the nearest one before it in the list whose depth is one less.
    """

    error: BaseException
    how: str
    depth: int


def causes_of(error: BaseException) -> list[Cause | int]:
    """What is behind an exception, the nearest first; of more than 16 the middle is one number: how many there are."""
    found: list[Cause | int] = []
    known = {id(error)}  # a chain may close to a circle
    waiting = _behind(error, 0)
    while waiting and len(found) < _MOST_SEEN:
        one = waiting.pop()
        if id(one.error) in known:
            continue
        known.add(id(one.error))
        found.append(one)
        waiting.extend(_behind(one.error, one.depth))
    if len(found) <= _MOST_TOLD:
        return found
    half = _MOST_TOLD // 2
    return [*found[:half], len(found), *found[-half:]]  # the nearest, and the ones that all began with


def _behind(error: BaseException, depth: int) -> list[Cause]:
    """What stands directly behind an exception, the first to be told last."""
    out: list[Cause] = []
    members = _members_of(error)[:_MOST_MEMBERS] if issubclass(type(error), BaseExceptionGroup) else ()
    out.extend(Cause(member, "group", depth + 1) for member in reversed(members))
    context = None if _is_suppressed(error) else _context_of(error)
    if (cause := _cause_of(error)) is not None:
        out.append(Cause(cause, "cause", depth + 1))
    # A group that is raised where one of its members was being handled: that one is told as a member.
    elif context is not None and not any(member is context for member in members):
        out.append(Cause(context, "context", depth + 1))
    return out
