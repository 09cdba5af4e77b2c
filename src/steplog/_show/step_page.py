"""One step in full: what came of it first, then what was new in its prompt, then all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from steplog._show.content_blocks import Part, aside, parts_of
from steplog._show.look import PLAIN
from steplog._show.preview import as_text, beside, call_text, calls_of
from steplog._show.run_tree import error_lines
from steplog._show.stops import stopped
from steplog._show.terminal_text import as_json, visible
from steplog._show.units import clock, duration
from steplog._show.wrapping import in_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._format.record import Json, Record
    from steplog._show.look import Look
    from steplog._show.views import RunView, StepView

_COMES_OUT: Final = frozenset({"result", "output", "documents", "route"})
_SHOWN_APART: Final = frozenset(
    {"name", "ms", "status", "error", "implied", "start_lost", "prompt", "message", "usage", "checkpoint"}
)


def step_lines(
    step: StepView, look: Look = PLAIN, run: RunView | None = None, *, tools: bool = False
) -> Iterator[str]:
    """Everything about one step, line by line; of the tools that a model had only the names, unless `tools` are asked for."""
    yield visible(f"step {step.number}  {step.kind} {step.name}  {step.status}  {duration(step.ms)}".rstrip())
    yield from in_lines(map(visible, _notes(run, step)), "  ", look)
    if step.error is not None:
        yield ""
        yield from error_lines(step.error, "", look)
    yield from _answer(step)
    if step.usage:
        counts = ", ".join(f"{count} {visible(name)}" for name, count in step.usage.items())
        yield from ("", f"usage: {counts}")
    fields = step.resolved()
    prompt = cast("list[Record]", fields.get("prompt") or [])
    new = _last_answer(prompt)
    if "prompt" in fields:
        yield from (
            "",
            f"prompt: {len(prompt)} messages"
            + (f", {len(prompt) - new} since the last answer" if new else ""),
        )
        yield from _messages(prompt[new:])
    yield ""
    yield from _others(fields, tools=tools)
    config = None if run is None else run.config(step.number)
    if config is not None:
        yield "to go on from here: config=" + visible(as_json(config))
    if new:
        yield from ("", "prompt, what was said before:")
        yield from _messages(prompt[:new])


def _answer(step: StepView) -> Iterator[str]:
    """What a model answered, and why it stopped where it would have said more; or a tool's message."""
    if step.message is None:
        return
    ended = stopped(step.fields, step.message) if step.kind == "llm" else ""
    title = "answer" if step.kind == "llm" else "message"
    yield from ("", visible(f"{title}  [{ended}]" if ended else title))
    yield from _message(step.message)


def _others(fields: Mapping[str, Json], *, tools: bool) -> Iterator[str]:
    """The fields that have no place of their own, what came out before what went in."""
    for name in sorted(fields, key=lambda name: name not in _COMES_OUT):
        if name == "tool_defs" and not tools:
            names = [visible(str(_name_of(one))) for one in cast("list[Json]", fields[name])]
            yield f"tool_defs: {', '.join(names)}  (--tools shows them whole)"
        elif name not in _SHOWN_APART:
            yield from field_lines(name, fields[name])


def _name_of(definition: Json) -> Json:
    """The name of a tool, as providers define it: on top, or under `function`."""
    found = cast("Record", definition) if isinstance(definition, dict) else {}
    inner = found.get("function")
    return (
        found.get("name") or (cast("Record", inner).get("name") if isinstance(inner, dict) else None) or "?"
    )


def _last_answer(prompt: list[Record]) -> int:
    """How many messages of a prompt go up to its last answer."""
    answers = [at for at, message in enumerate(prompt, 1) if message.get("role") == "assistant"]
    return answers[-1] if answers and answers[-1] < len(prompt) else 0


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


def field_lines(name: str, value: Json) -> Iterator[str]:
    text = as_text(value)
    if isinstance(value, dict | list) and text.startswith(("{", "[")):
        text = as_json(value, indent=2)
    lines = visible(text, keep_breaks=True).split("\n")
    if len(lines) == 1:
        yield f"{visible(name)}: {lines[0]}"
        return
    yield f"{visible(name)}:"
    yield from (f"  {line}" for line in lines)


def _messages(messages: list[Record]) -> Iterator[str]:
    for message in messages:
        yield from _message(message)


def _message(message: Mapping[str, Json]) -> Iterator[str]:
    labels = [str(message.get("role", "?"))]
    labels.extend(f"{label} {message[key]}" for key, label in _LABELS.items() if key in message)
    yield visible(f"  [{message.get('m', '?')}] " + "  ".join(labels))
    if message.get("missing"):
        yield "      (not in the log)"
    calls = calls_of(message)
    ids = {cast("Record", call).get("id") for call in calls if isinstance(call, dict)}
    for part in _answer_first(message.get("content")):
        if part.call_id in ids and part.call_id:
            continue
        text = aside(part) if part.label else part.text
        yield from (f"      {line}" for line in visible(text, keep_breaks=True).split("\n"))
    yield from (f"      {visible(said)}" for said in beside(message))
    for call in calls:
        call_id = cast("Record", call).get("id") if isinstance(call, dict) else None
        yield "      calls " + visible(call_text(call) + (f"  [{call_id}]" if call_id else ""))
    if "extra" in message:
        yield "      extra " + visible(as_text(message["extra"]))


def _answer_first(content: Json) -> list[Part]:
    """The pieces of a content: what was said before what else there was."""
    if not isinstance(content, list):
        text = as_text(content)
        return [Part("", text)] if text else []
    parts = parts_of(content)
    return [part for part in parts if not part.label] + [part for part in parts if part.label]


_LABELS: Final = {"name": "name", "tool_call_id": "answers", "status": "status"}
