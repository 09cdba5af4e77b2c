"""An exception as plain fields, without running the code of its class or reading source files."""

from __future__ import annotations

import types
from typing import Any, Final

from steplog._write.safe.safe_read import instance_dict, mro_of, type_name

_CANCELS: Final = frozenset({"CancelledError", "KeyboardInterrupt"})
_MOST_FRAMES: Final = 40
_MOST_ARGS: Final = 8
_SAFE_ARGS: Final = (str, int, float, bool, type(None))


def describe(error: BaseException) -> dict[str, Any]:
    """`type`, `message`, `module`, `stack` of an exception; the stack as `"file:line in function"`, innermost last."""
    cls = type(error)
    full = type_name(cls)
    module, _, name = full.rpartition(".")
    out: dict[str, Any] = {"type": name}
    if message := message_of(error):
        out["message"] = message
    if module:
        out["module"] = module
    if stack := _stack(error.__traceback__):
        out["stack"] = stack
    return out


def status_of(error: BaseException) -> str:
    """What an exception that ended a step says of it: a stream nobody reads on and a cancellation are no failures."""
    names = {cls.__name__ for cls in mro_of(type(error))}
    if "GeneratorExit" in names:
        return "abandoned"
    return "cancelled" if names & _CANCELS else "error"


def message_of(error: BaseException) -> str:
    """What the exception says, read from its arguments; from `str()` only where that is C code over plain arguments."""
    args = BaseException.__dict__["args"].__get__(error)
    if _str_is_c_code(type(error)) and all(type(a) in _SAFE_ARGS for a in args[:_MOST_ARGS]):
        return str(error)
    texts = [a for a in args[:_MOST_ARGS] if type(a) is str]
    if texts:
        return ": ".join(texts)
    said = instance_dict(error).get("message")
    return said if type(said) is str else ", ".join(type_name(type(a)) for a in args[:_MOST_ARGS])


def _str_is_c_code(cls: type) -> bool:
    for base in mro_of(cls):
        found = type.__dict__["__dict__"].__get__(base).get("__str__")
        if found is not None:
            # pydantic_core's ValidationError has its __str__ in Rust, as a slot wrapper like the builtins'.
            return type(found) is types.WrapperDescriptorType
    return False


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
