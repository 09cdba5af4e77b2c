"""What went into a step and what came out of it, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from steplog._format.record import BLOB, CUT, MARKERS, NUM, TEXT, TYPE
from steplog._show.terminal_text import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json, Record
    from steplog._show.views import StepView

_ENTERS: Final = {
    "tool": ("args", "input"), "retriever": ("query", "input"), "rerank": ("query", "input"),
    "embedding": ("count", "input"), "interrupt": ("value",), "resume": ("where",), "custom": ("data",),
}  # fmt: skip
_LEAVES: Final = {
    "tool": ("result", "output"),
    "retriever": ("documents", "output"),
    "rerank": ("documents", "output"),
}
_SIZES: Final = (
    "bytes",
    "chars",
    "items",
    "depth",
    "nodes",
)  # what a mark says of the size of what it stands for
_COUNTED: Final = {"documents": "documents", "count": "texts"}


def as_text(value: Json) -> str:
    """Any value of a log as text: strings as they are, the texts of content blocks, markers in words, else JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        blocks = cast("list[Json]", value)
        if blocks and all(_is_block(block) for block in blocks):
            return " ".join(_block_text(block) for block in blocks)
    marker = _marker_text(value)
    return as_json(value) if marker is None else marker


def _is_block(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(cast("Record", value).get("type"), str)


def _block_text(block: Record) -> str:
    return as_text(block["text"]) if "text" in block else as_json(block)


def _marker_text(value: Json) -> str | None:
    """The words for a marker that stands in a value's place; None if the value is no marker."""
    mapping = cast("Record", value) if isinstance(value, dict) else {}
    key = next(iter(mapping), "")
    if len(mapping) != 1 or key not in MARKERS:
        return None
    held: Any = mapping[key]
    facts = cast("Record", held) if isinstance(held, dict) else {}
    if key in (CUT, TEXT):
        size = next((f"{facts[unit]} {unit}" for unit in _SIZES if unit in facts), "")
        if key == TEXT:
            return f"{as_text(facts.get('head'))}… (not kept: {size} in all)".lstrip("…").lstrip()
        return _cut_text(facts, size)
    if key == BLOB:
        return f"<{facts.get('type', 'bytes')}, {facts.get('bytes', '?')} bytes>"
    if key == TYPE:
        return f"<{held}>"
    return str(held) if key == NUM else None


def _cut_text(facts: Record, size: str) -> str:
    """What is left of a value over a limit; first that it is cut, since what follows may be long."""
    note = ", ".join(str(part) for part in (size or "a circle", facts.get("setting")) if part)
    kept = " … ".join(part for part in (as_text(facts.get("head")), as_text(facts.get("tail"))) if part)
    return f"(cut: {note}) {kept}{'…' if kept and 'tail' not in facts else ''}".rstrip()


def message_text(message: Mapping[str, Json] | None) -> str:
    """A message in words: its text, then the tools it calls."""
    if message is None:
        return ""
    if message.get("missing"):
        return f"(message {message.get('m')} is not in the log)"
    calls = message.get("tool_calls")
    parts = [as_text(message.get("content"))]
    parts.extend(call_text(call) for call in (cast("list[Json]", calls) if isinstance(calls, list) else []))
    return " ".join(part for part in parts if part)


def brief(value: Json) -> str:
    """A value in a few words: of messages, and of a graph's state, the last message; else as `as_text`."""
    state = cast("Record", value) if isinstance(value, dict) else {}
    held = state["messages"] if len(state) == 1 and "messages" in state else value
    several = cast("list[Json]", held) if isinstance(held, list) else [held]
    last = several[-1] if several else None
    if isinstance(last, dict) and "role" in last:
        return message_text(cast("Record", last))
    match last:
        case [str(), str() as content] if held is not value:  # LangChain's short form: ("user", "hello")
            return content
        case _:
            return as_text(value)


def call_text(call: Json) -> str:
    """A tool call as `search({"q": "x"})`."""
    if not isinstance(call, dict):
        return as_text(call)
    fields = cast("Record", call)
    return f"{fields.get('name', '?')}({as_text(fields.get('args'))})"


def entered(step: StepView) -> str:
    """What went into a step."""
    if step.kind == "llm":
        return message_text(step.asked)
    if step.kind == "retry":
        error = step.fields.get("error")
        facts = (
            [str(error[part]) for part in ("type", "message") if error.get(part)]
            if isinstance(error, dict)
            else []
        )
        cause = f" after {': '.join(facts)}" if facts else ""
        return f"attempt {step.fields.get('attempt', '?')}{cause}"
    return _first_field(step, _ENTERS.get(step.kind, ("input",)))


def left(step: StepView) -> str:
    """What came out of a step."""
    if step.kind == "llm" or "message" in step.fields:
        return message_text(step.message)
    return _first_field(step, _LEAVES.get(step.kind, ("output",)))


def _first_field(step: StepView, names: tuple[str, ...]) -> str:
    name = next((name for name in names if name in step.fields), "")
    if not name:
        return ""
    value = step.field(name)
    if name in _COUNTED:
        count = len(cast("list[Json]", value)) if isinstance(value, list) else value
        return f"{count} {_COUNTED[name]}" if isinstance(count, int) else as_text(value)
    return brief(value)
