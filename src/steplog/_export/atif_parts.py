"""Pieces of an ATIF step, each from one message or one step of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._export.logged import calls_in
from steplog._show.content_blocks import in_words, parts_of
from steplog._show.preview import as_text, brief

if TYPE_CHECKING:
    from steplog._format.record import Record
    from steplog._read.runs.step import Step

Document = dict[str, Any]
_THOUGHTS: Final = frozenset({"thinking", "reasoning"})


def calls_of(answer: Record | None) -> list[Document]:
    """The tool calls that an answer asks for."""
    return [
        {
            "tool_call_id": str(call.get("id") or f"call-{number}"),
            "function_name": str(call.get("name") or "?"),
            "arguments": _arguments(call.get("args")),
        }
        for number, call in enumerate(calls_in(answer), 1)
    ]


def call_of(step: Step, call_id: str) -> Document:
    """A tool step as a call that no answer asked for."""
    return {
        "tool_call_id": call_id,
        "function_name": step.name or "?",
        "arguments": _arguments(step.field("args")),
    }


def _arguments(args: Any) -> dict[str, Any]:
    return args if isinstance(args, dict) else {} if args is None else {"input": args}


def said_text(message: Record | None) -> str:
    """What a message says, without what was thought on the way."""
    content = (message or {}).get("content")
    if isinstance(content, list):
        return " ".join(
            part.text if not part.label else "" for part in parts_of(content) if part.label not in _THOUGHTS
        ).strip()
    return as_text(content)


def thoughts(answer: Record | None) -> str:
    """What was thought on the way to an answer."""
    content = (answer or {}).get("content")
    return (
        "\n".join(part.text for part in parts_of(content) if part.label in _THOUGHTS)
        if isinstance(content, list)
        else ""
    )


def result_text(step: Step) -> str | None:
    """What came back from a tool call: its result, or how it failed."""
    if step.error is not None:
        return f"{step.error.get('type', 'error')}: {as_text(step.error.get('message'))}"
    message = step.message
    if message is not None:
        return (
            in_words(message.get("content"))
            if isinstance(message.get("content"), list)
            else as_text(message.get("content"))
        )
    value = step.field("result")
    return None if value is None else brief(value)


def how(step: Step) -> Document | None:
    """What of a step has no place of its own."""
    facts = {
        "steplog_step": step.number, "ms": step.ms, "status": None if step.status == "ok" else step.status,
        "ttft_ms": step.fields.get("ttft_ms"), "finish_reason": step.fields.get("finish_reason"),
        "attempt": step.fields.get("attempt"), "cached": step.fields.get("cached"),
    }  # fmt: skip
    return present(facts)


def present(fields: Document) -> Document:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}
