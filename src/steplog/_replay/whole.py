"""Whether what was recorded of a call is whole, so that it can be given again; if not, in words why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from steplog._write.settings.settings import Settings

if TYPE_CHECKING:
    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_LOST: Final = ("$cut", "$blob", "$text", "$type")
_MASKED: Final = "[masked:"
_USUAL_BYTES: Final = Settings.__dataclass_fields__["max_value_bytes"].default


def model_problems(run: Run, step: Step, *, strict: bool) -> list[str]:
    """Why a model call cannot be given again; with `strict` its prompt must be whole, too."""
    call = f"model call {step.number}"
    if strict and (lost := _lost_in(step.prompt)) is not None and not _is_usual(lost, run):
        return [
            f"the prompt of {call} was cut when it was recorded (content=full, a larger max_value_bytes, or strict=False)"
        ]
    if step.message is None:
        return [] if step.error is not None else [f"{call} has no answer in the log"]
    if _lost_in(step.message) is not None:
        return [f"the answer of {call} was cut or left out (record with content=full, max_value_bytes)"]
    return [f"the answer of {call} has a masked secret in it"] if _holds(step.message, _MASKED) else []


def tool_problems(step: Step) -> list[str]:
    """Why a tool call cannot be given again."""
    call = f"tool call {step.number} ({step.name})"
    if step.status not in ("ok", "error"):
        return [f"{call} gave nothing back: it ended as {step.status}"]
    if step.error is not None:
        return []
    result = result_of(step)
    if _lost_in(result) is not None or _lost_in(step.field("args")) is not None:
        return [
            f"what {call} was given or gave was cut or left out (record with content=full, max_value_bytes)"
        ]
    if isinstance(result, dict) and "messages" in result:
        return [f"{call} changed more of the agent's state than its own message"]
    return []


def result_of(step: Step) -> Json:
    """What a tool gave: its result, its message's content, or, of a `Command` that does no more, the content in that."""
    if step.message is not None:
        return step.message.get("content")
    result = step.field("result")
    match result:
        case {"messages": [{"role": "tool", "content": content}], **rest} if not rest:
            return content
        case _:
            return result


def _is_usual(lost: Record, run: Run) -> bool:
    """Whether the text was cut by the usual limit: what is asked now is cut there, too, so that both can be compared."""
    whole = run.writer.get("content", "full") == "full"
    head: Any = lost.get("head")
    return whole and ("$blob" in lost or (isinstance(head, str) and len(head.encode()) * 2 >= _USUAL_BYTES))


def _lost_in(value: Any) -> Record | None:
    """What stands in the place of something that is not in the log; None where all of it is."""
    stack: list[Any] = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            mapping = cast("Record", here)
            found = next((name for name in _LOST if name in mapping), None)
            if found is not None:
                inner = mapping[found]
                return {found: inner, **(inner if isinstance(inner, dict) else {})}
            stack.extend(mapping.values())
        elif isinstance(here, list):
            stack.extend(cast("list[Any]", here))
    return None


def _holds(value: Any, word: str) -> bool:
    stack: list[Any] = [value]
    while stack:
        here = stack.pop()
        if isinstance(here, str) and word in here:
            return True
        if isinstance(here, dict):
            stack.extend(cast("Record", here).values())
        elif isinstance(here, list):
            stack.extend(cast("list[Any]", here))
    return False
