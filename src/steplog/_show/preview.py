"""What went into a step and what came out of it, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from steplog._show.content_blocks import Part, aside, in_words, is_content
from steplog._show.markers import marker_text
from steplog._show.stops import refusal_beside
from steplog._show.terminal_text import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json, Record
    from steplog._show.views import StepView

_ENTERS: Final = {
    "tool": ("args", "input"), "retriever": ("query", "input"), "rerank": ("query", "input"),
    "embedding": ("count", "input"), "interrupt": ("value",), "resume": ("value", "where"), "denied": ("args",), "custom": ("data",),
}  # fmt: skip
_LEAVES: Final = {
    "tool": ("result", "output"),
    "retriever": ("documents", "output"),
    "rerank": ("documents", "output"),
}
_COMMAND: Final = frozenset({"graph", "goto", "update", "resume"})
# What LlamaIndex's own events ask a human and bring back; those of programs are shown whole.
_EVENTS: Final = {"InputRequiredEvent": "prefix", "HumanResponseEvent": "response"}
_PENDING: Final = "pending"  # LangGraph's word for a graph that goes on
_END_OF_GRAPH: Final = "__end__"
_COUNTED: Final = {"documents": "documents", "count": "texts"}


def as_text(value: Json) -> str:
    """Any value of a log as text: strings as they are, the texts of content blocks, markers in words, else JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and is_content(value):
        return in_words(value)
    marker = marker_text(value)
    return as_json(value) if marker is None else marker


def message_text(message: Mapping[str, Json] | None) -> str:
    """A message in words: what was said, what else it holds, then the tools it calls."""
    if message is None:
        return ""
    if message.get("missing"):
        return f"(message {message.get('m')} is not in the log)"
    calls = calls_of(message)
    ids = frozenset(str(cast("Record", call).get("id")) for call in calls if isinstance(call, dict))
    content = message.get("content")
    said = in_words(content, without_calls=ids) if isinstance(content, list) else as_text(content)
    parts = [said, *beside(message), *(call_text(call) for call in calls)]
    return " ".join(part for part in parts if part)


def beside(message: Mapping[str, Json]) -> list[str]:
    """What a message says beside its content, in words: with which words a model refused, what is said in a sound, calls that were no calls."""
    extra = message.get("extra")
    broken = cast("Record", extra).get("invalid_tool_calls") if isinstance(extra, dict) else None
    refusal = refusal_beside(message)
    asides = [Part("refusal", refusal)] if refusal else []
    asides += [
        Part("invalid call", call_text(call))
        for call in (cast("list[Json]", broken) if isinstance(broken, list) else ())
    ]
    return [*map(aside, asides), *([spoken] if (spoken := transcript(message)) else [])]


def calls_of(message: Mapping[str, Json]) -> list[Json]:
    """The tool calls that a message asks for."""
    calls = message.get("tool_calls")
    return cast("list[Json]", calls) if isinstance(calls, list) else []


def transcript(message: Mapping[str, Json]) -> str:
    """What is said in a sound that a message carries beside its content, as OpenAI's spoken answers do."""
    extra = message.get("extra")
    audio = cast("Record", extra).get("audio") if isinstance(extra, dict) else None
    return in_words([{"type": "audio", **cast("Record", audio)}]) if isinstance(audio, dict) else ""


def brief(value: Json) -> str:
    """A value in a few words: of messages, and of a graph's state, the last message; else as `as_text`."""
    state = cast("Record", value) if isinstance(value, dict) else {}
    if state and state.keys() <= _COMMAND and not state.keys() <= {"update"}:
        return _command_text(state)
    for event, said in _EVENTS.items():
        inner = state.get(event)
        if len(state) == 1 and isinstance(inner, dict) and inner.keys() == {said}:
            return as_text(inner[said])
    # A graph's state has other keys beside its messages: they are how it came to what the last message says.
    held = state["messages"] if isinstance(state.get("messages"), list) and state["messages"] else value
    several = cast("list[Json]", held) if isinstance(held, list) else [held]
    last = several[-1] if several else None
    if isinstance(last, dict) and "role" in last:
        return message_text(cast("Record", last))
    match last:
        case [str(), str() as content] if held is not value:  # LangChain's short form: ("user", "hello")
            return content
        case _:
            return as_text(value)


def _command_text(command: Mapping[str, Json]) -> str:
    """What a `Command` of LangGraph's does: where it goes on, what it answers, what it changes."""
    goto = command.get("goto")
    places = [
        as_text(place) for place in (cast("list[Json]", goto) if isinstance(goto, list) else [goto]) if place
    ]
    words = (
        [f"hands over to {', '.join(places)}" if "graph" in command else f"goes on at {', '.join(places)}"]
        if places
        else []
    )
    if "resume" in command:
        words.append(f"answers {brief(command['resume'])}")
    if command.get("update"):
        words.append(brief(command["update"]))
    return ": ".join(words)


def call_text(call: Json) -> str:
    """A tool call as `search({"q": "x"})`."""
    if not isinstance(call, dict):
        return as_text(call)
    fields = cast("Record", call)
    return f"{fields.get('name', '?')}({as_text(fields.get('args'))})"


def entered(step: StepView) -> str:
    """What went into a step."""
    if step.kind == "llm" and step.asked is not None:
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
    if step.kind == "resume" and step.fields.get("where") == _PENDING and "value" not in step.fields:
        return ""  # what was answered is the run's input
    if step.kind == "agent" and "input" not in step.fields:
        return _task(step)
    return _first_field(step, _ENTERS.get(step.kind, ("input",)))


def left(step: StepView) -> str:
    """What came out of a step; nothing for a graph node that only hands on what the call in it said."""
    if (step.kind == "llm" and step.message is not None) or "message" in step.fields:
        refusal = refusal_beside(step.fields)
        said = [message_text(step.message), aside(Part("refusal", refusal)) if refusal else ""]
        return " ".join(part for part in said if part)
    text = _first_field(step, _LEAVES.get(step.kind, ("output",)))
    if step.kind == "node" and text and any(left(child) == text for child in step.children):
        text = ""
    return ": ".join(part for part in (_route(step), text) if part)


def _route(node: StepView) -> str:
    """Where a conditional edge behind a node went."""
    route = node.fields.get("route")
    places = [as_text(place) for place in cast("list[Json]", route)] if isinstance(route, list) else []
    on = [place for place in places if place != _END_OF_GRAPH]
    return f"goes on at {', '.join(on)}" if on else "ends here" if places else ""


def _task(agent: StepView) -> str:
    """What an agent was asked: the last that a human, or the agent above, said in its first model call's prompt."""
    below = list(reversed(agent.children))
    while below:
        step = below.pop()
        if step.kind == "llm":
            return message_text(
                next((m for m in reversed(step.prompt) if m.get("role") == "user"), step.asked)
            )
        below.extend(reversed(step.children))
    return ""


def _first_field(step: StepView, names: tuple[str, ...]) -> str:
    name = next((name for name in names if name in step.fields), "")
    if not name:
        return ""
    value = step.field(name)
    if name in _COUNTED:
        count = len(cast("list[Json]", value)) if isinstance(value, list) else value
        return f"{count} {_COUNTED[name]}" if isinstance(count, int) else as_text(value)
    return brief(value)
