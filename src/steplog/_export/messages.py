"""Runs as chat messages: one JSON object a model call, in words of no provider or in the shape that OpenAI's fine-tuning reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from steplog._export.logged import calls_in
from steplog._export.untold import Untold
from steplog._show.content_blocks import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from steplog._format.record import Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

Shape = Literal["neutral", "openai"]
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
Per = Literal["run", "call"]
_KEPT: Final = ("role", "content", "tool_calls", "tool_call_id", "name")
_INNER: Final = ("agent",)


def chat_messages(
    runs: Iterable[Run], *, shape: Shape = "neutral", per: Per = "run", untold: Untold | None = None
) -> Iterator[dict[str, Any]]:
    """Conversations as `{"messages": […], "tools": […]}`, with `run`, `step` and the run's
    `labels` beside them where `shape` is "neutral".

    per: "run" gives each agent's last model call with its answer, which holds the whole conversation but for what was
    summarised away; "call" gives every model call. A run without a call, and a call without an answer, are counted in `untold`.
    """
    counted = Untold() if untold is None else untold
    for run in runs:
        counted.add("notes", len(run.notes))
        chosen = _chosen(run, per)
        counted.add("runs without a model call", not chosen)
        for step in chosen:
            message = step.message
            if message is None:
                counted.add("model calls without an answer")
                continue
            told = _conversation([*step.prompt, message], shape, counted)
            tools = _tools(run, step)
            found: dict[str, Any] = {"messages": told} | ({"tools": tools} if tools else {})
            labels = {"labels": list(run.labels)} if run.labels else {}
            yield (
                found
                if shape == "openai"
                else {
                    "run": run.id,
                    "step": step.number,
                    "model": step.fields.get("model"),
                    **labels,
                    **found,
                }
            )


def _chosen(run: Run, per: Per) -> list[Step]:
    calls = [step for step in run.steps if step.kind == "llm"]
    if per == "call":
        return calls
    last: dict[int, Step] = {}
    for step in calls:
        last[_agent_of(step)] = step
    return sorted(last.values(), key=lambda step: step.number)


def _agent_of(step: Step) -> int:
    """The number of the agent that a call was made in; 0 for the run's own."""
    above = step.parent
    while above is not None and above.kind not in _INNER:
        above = above.parent
    return 0 if above is None else above.number


def _conversation(messages: list[Record], shape: Shape, untold: Untold) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for message in messages:
        if message.get("missing"):
            untold.add("messages that are not in the log")
            continue
        kept = {name: message[name] for name in _KEPT if message.get(name) not in (None, "", [])}
        told.append(
            _openai(kept, untold) if shape == "openai" else kept | {"content": message.get("content", "")}
        )
    return told


def _openai(message: Mapping[str, Any], untold: Untold) -> dict[str, Any]:
    content = message.get("content", "")
    if isinstance(content, list):
        content = in_words(
            content, without_calls=frozenset(str(call.get("id")) for call in calls_in(dict(message)))
        )
        untold.add("contents of several blocks, which became text")
    made: dict[str, Any] = {"role": message.get("role", "user"), "content": content}
    calls = calls_in(dict(message))
    if calls:
        made["tool_calls"] = [
            {
                "id": str(call.get("id")),
                "type": "function",
                "function": {
                    "name": str(call.get("name")),
                    "arguments": json.dumps(call.get("args") or {}, ensure_ascii=False),
                },
            }
            for call in calls
        ]
    return made | {name: message[name] for name in ("tool_call_id", "name") if name in message}


def _tools(run: Run, step: Step) -> list[Any]:
    """The definitions of the tools that a call was offered; they stand once in the run, in the call that had them first."""
    names = step.field("tools")
    found = step.field("tool_defs")
    if found is None and names:
        earlier = (s for s in run.steps if s.kind == "llm" and s.number < step.number)
        found = next(
            (s.field("tool_defs") for s in earlier if s.field("tools") == names and s.field("tool_defs")),
            None,
        )
    return found if isinstance(found, list) else []
