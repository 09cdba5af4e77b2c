"""Tool calls that a model asked for and that did not happen: their answers came without the tool having been called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from steplog._format.record import Json, Record
from steplog._write.steps.states import RunState

_DEEPEST: Final = 5  # a list of commands, each with an update, each with messages


def denied_calls(output: Json, run: RunState, *, of_any: bool) -> Iterator[Record]:
    """What a point says of each call that a node has answered and no tool step of the run was made for.

    A call that another run asked for counts with `of_any` only: a node may also give back answers of long ago.
    `output` is what the node gave back, as its line has it: an answer that a tool gave stands in that tool's line, and has
    but its number here.
    """
    for message in _answers_in(output):
        call_id = message.get("tool_call_id")
        if type(call_id) is not str or call_id in run.called:
            continue
        if call_id not in run.tool_calls and not of_any:
            continue
        call = _call_of(call_id, run)
        told: Record = {"asked_by": run.tool_calls[call_id]} if call_id in run.tool_calls else {}
        name, args = call.get("name") or message.get("name"), call.get("args")
        if type(name) is str:
            told["name"] = name
        told["call_id"] = call_id
        if args is not None:
            told["args"] = args
        yield {**told, "message": message["m"]}


def _answers_in(output: Json) -> list[Record]:
    """The messages of tools that stand in full somewhere in a node's output."""
    found: list[Record] = []
    level: list[Json] = [output]
    for _ in range(_DEEPEST):
        below: list[Json] = []
        for value in level:
            if type(value) is list:
                below += value
            elif type(value) is dict:
                if "m" not in value or "role" not in value:
                    below += value.values()
                elif value["role"] == "tool":
                    found.append(value)
        level = below
    return found


def _call_of(call_id: str, run: RunState) -> Mapping[str, Any]:
    """The call with this id, as the log has the message that asks for it."""
    for written in reversed(tuple(run.memory.messages.values())):
        calls = None if written is None else written.plain.get("tool_calls")
        for call in calls if type(calls) is list else ():
            if type(call) is dict and call.get("id") == call_id:
                return call
    return {}
