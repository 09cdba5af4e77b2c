"""One step in full: the prompt rebuilt, the answer, every field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from steplog._show.preview import as_text, call_text
from steplog._show.run_tree import PLAIN, error_lines
from steplog._show.terminal_text import as_json, visible
from steplog._show.units import clock, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._format.record import Json, Record
    from steplog._show.run_tree import Look
    from steplog._show.views import RunView, StepView

_SHOWN_APART: Final = frozenset(
    {"name", "ms", "status", "error", "implied", "start_lost", "prompt", "message", "usage", "checkpoint"}
)


def step_lines(step: StepView, look: Look = PLAIN, run: RunView | None = None) -> Iterator[str]:
    """Everything about one step, line by line."""
    yield visible(f"step {step.number}  {step.kind} {step.name}  {step.status}  {duration(step.ms)}".rstrip())
    yield visible("  ".join(_notes(run, step)))
    fields = step.resolved()
    for name, value in fields.items():
        if name not in _SHOWN_APART:
            yield from _field(name, value)
    config = None if run is None else run.config(step.number)
    if config is not None:
        yield "to go on from here: config=" + visible(as_json(config))
    if "prompt" in fields:
        yield from _prompt(cast("list[Record]", fields["prompt"]))
    if step.message is not None:
        yield from ("", "answer" if step.kind == "llm" else "message")
        yield from _message(step.message)
    if step.usage:
        yield from (
            "",
            "usage: " + ", ".join(f"{count} {visible(name)}" for name, count in step.usage.items()),
        )
    if step.error is not None:
        yield ""
        yield from error_lines(step.error, "", look)


def _notes(run: RunView | None, step: StepView) -> list[str]:
    notes = [] if run is None else [f"run {run.id}"]
    notes.append(f"started {clock(step.started)}")
    if step.parent is not None:
        notes.append(f"in step {step.parent.number} ({step.parent.kind} {step.parent.name})")
    if step.children:
        notes.append("with steps " + ", ".join(str(child.number) for child in step.children))
    if step.implied:
        notes.append("end inferred")
    if step.start_lost:
        notes.append("start not logged")
    return notes


def _field(name: str, value: Json) -> Iterator[str]:
    text = as_text(value)
    if isinstance(value, dict | list) and text.startswith(("{", "[")):
        text = as_json(value, indent=2)
    lines = visible(text, keep_breaks=True).split("\n")
    if len(lines) == 1:
        yield f"{visible(name)}: {lines[0]}"
        return
    yield f"{visible(name)}:"
    yield from (f"  {line}" for line in lines)


def _prompt(messages: list[Record]) -> Iterator[str]:
    yield from ("", f"prompt: {len(messages)} messages")
    for message in messages:
        yield from _message(message)


def _message(message: Mapping[str, Json]) -> Iterator[str]:
    labels = [str(message.get("role", "?"))]
    labels.extend(f"{label} {message[key]}" for key, label in _LABELS.items() if key in message)
    yield visible(f"  [{message.get('m', '?')}] " + "  ".join(labels))
    if message.get("missing"):
        yield "      (not in the log)"
    content = as_text(message.get("content"))
    if content:
        yield from (f"      {line}" for line in visible(content, keep_breaks=True).split("\n"))
    calls = message.get("tool_calls")
    for call in cast("list[Json]", calls) if isinstance(calls, list) else ():
        call_id = cast("Record", call).get("id") if isinstance(call, dict) else None
        yield "      calls " + visible(call_text(call) + (f"  [{call_id}]" if call_id else ""))
    if "extra" in message:
        yield "      extra " + visible(as_text(message["extra"]))


_LABELS: Final = {"name": "name", "tool_call_id": "answers", "status": "status"}
