"""An exception as plain fields: what it says, what it was caused by, and where it was raised; no source file is read."""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable
from opcode import opmap
from typing import Any, Final

from steplog._format.record import LONG
from steplog._write.safe.attributes import instance_dict, live_dict, mro_of, name_of, type_name
from steplog._write.safe.causes import Cause, causes_of
from steplog._write.safe.in_time import said_in_time

_CANCELS: Final = frozenset({"CancelledError", "KeyboardInterrupt"})
_MOST_FRAMES: Final = 40
_MOST_ARGS: Final = 8
_MOST_NOTES: Final = 8
_MOST_PRINTED: Final = 500
_CONTAINERS: Final[tuple[Any, ...]] = (dict, list, tuple, set, frozenset, deque)
_PLAIN_ARGS: Final = (str, int, float, bool, type(None))
_RAISES: Final = frozenset({opmap["RAISE_VARARGS"], opmap["RERAISE"]})
arguments_of: Final[Callable[[BaseException], tuple[Any, ...]]] = BaseException.__dict__["args"].__get__


def describe(error: BaseException) -> dict[str, Any]:
    """An exception's `type`, `message`, `module`, `notes`, `stack` and `causes`, as far as there are any.

    The stack is a list of `"file:line in function"`, innermost last. Causes are what the exception was raised from,
    what was being handled when it was raised, and the members of a group, each with `how` and `depth`; in place of those
    that are too many stands one with `left_out`, how many there are in all.
    """
    said: set[str] = set()
    out = _told(error, said)
    if stack := _stack(error.__traceback__):
        out["stack"] = stack
    if causes := [_cause(found, said) for found in causes_of(error)]:
        out["causes"] = causes
    return out


def _told(error: BaseException, said: set[str]) -> dict[str, Any]:
    """What an exception says of itself; a long message only if it is not among those that were `said`."""
    module, _, name = type_name(type(error)).rpartition(".")
    out: dict[str, Any] = {"type": name}
    message = message_of(error)
    if message and not (len(message) > LONG and message in said):
        out["message"] = message
        said.add(message)
    if module:
        out["module"] = module
    if notes := _notes(error):
        out["notes"] = notes
    return out


def _cause(found: Cause | int, said: set[str]) -> Any:
    """One entry of `causes`; of those that were left out, how many there were in all."""
    if isinstance(found, int):
        return {"left_out": found}
    trace = found.error.__traceback__
    out = {"how": found.how, "depth": found.depth, **_told(found.error, said)}
    return out if trace is None else {**out, "at": _stack(trace)[-1]}


def status_of(error: BaseException) -> str:
    """What an exception that ended a step says of it: a stream nobody reads on and a cancellation are no failures."""
    names = set(map(name_of, mro_of(type(error))))
    if "GeneratorExit" in names:
        return "abandoned"
    return "cancelled" if names & _CANCELS else "error"


def message_of(error: BaseException) -> str:
    """What the exception says: its `str()`, as Python itself would print it.

    That is code of its class, the only code of others that is ever run here. Whatever it raises is contained, and its
    arguments are told instead; so they are where they hold so much that to print them would be felt, and where nothing
    is said within a second.
    """
    if _str_is_c_code(type(error)) and not _are_few(arguments_of(error)):
        return _said_by_arguments(error)
    try:
        said = said_in_time(error) if says_more(error) else str(error)
    except KeyboardInterrupt as interrupt:
        if not _is_of_code(interrupt):
            raise  # somebody pressed Ctrl-C at this very moment
        return _said_by_arguments(error)
    except BaseException:  # noqa: BLE001 - whatever a class of the program's raises there; what is left is told
        return _said_by_arguments(error)
    return said if type(said) is str else str.__str__(said)


def says_more(error: BaseException) -> bool:
    """Whether `str()` of an exception may tell more than its arguments do."""
    args = arguments_of(error)
    return not (_str_is_c_code(type(error)) and args and all(type(a) in _PLAIN_ARGS for a in args))


def _are_few(values: tuple[Any, ...]) -> bool:
    """Whether the containers among some values, and those within, hold few things: `str()` of an error prints them all."""
    left = _MOST_PRINTED
    waiting: list[Any] = [values]
    for one in waiting:  # grows meanwhile
        base = next((base for base in _CONTAINERS if issubclass(type(one), base)), None)
        if base is None:
            continue
        left -= base.__len__(one)
        if left < 0:  # which also ends what contains itself
            return False
        try:
            waiting.extend(base.__iter__(one))
            if base is dict:
                waiting.extend(dict.values(one))
        except RuntimeError:  # another thread changes it
            return False
    return True


def _is_of_code(interrupt: KeyboardInterrupt) -> bool:
    """Whether a KeyboardInterrupt was raised by a statement, and not by a signal between two of them."""
    trace = interrupt.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_code[trace.tb_lasti] in _RAISES


def _said_by_arguments(error: BaseException) -> str:
    """The texts among an exception's arguments, or what it keeps as its message; else the types of its arguments."""
    args = arguments_of(error)
    texts = [a for a in args[:_MOST_ARGS] if type(a) is str]
    if texts:
        return ": ".join(texts)
    said = live_dict(error).get("message")
    return said if type(said) is str else ", ".join(type_name(type(a)) for a in args[:_MOST_ARGS])


def _str_is_c_code(cls: type) -> bool:
    for base in mro_of(cls):
        found = type.__dict__["__dict__"].__get__(base).get("__str__")
        if found is not None:
            # pydantic_core's ValidationError has its __str__ in Rust, as a slot wrapper like the builtins'.
            return type(found) is types.WrapperDescriptorType
    return False


def _notes(error: BaseException) -> list[str]:
    """What was added to an exception by `add_note`."""
    notes = instance_dict(error).get("__notes__")
    return [n for n in notes[:_MOST_NOTES] if type(n) is str] if type(notes) is list else []


def _stack(trace: types.TracebackType | None) -> list[str]:
    frames: list[str] = []
    seen = 0
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_qualname}")
        seen += 1
        if len(frames) > 2 * _MOST_FRAMES:
            del frames[_MOST_FRAMES:-1]  # the outermost and the newest are what is looked for
        trace = trace.tb_next
    if seen > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        return [*frames[:half], f"… {seen - 2 * half} frames left out", *frames[-half:]]
    return frames
