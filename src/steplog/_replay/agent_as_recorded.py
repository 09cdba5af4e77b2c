"""What a log says of the agent that made a run: enough to build one like it, where it was one agent with tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steplog._ask.said import calls_of, messages_in, text_of
from steplog._replay.errors import CannotReplay

if TYPE_CHECKING:
    from steplog._format.record import Record
    from steplog._read.runs.run import Run

_NODES: Final[dict[str, frozenset[str]]] = {
    "langgraph": frozenset({"model", "tools"}),
    "llama-index": frozenset({"run_agent_step"}),
}
_KINDS: Final = frozenset({"llm", "tool", "node", "chain", "retry", "custom"})


@dataclass(frozen=True, slots=True)
class AgentAsRecorded:
    """An agent of `framework`: its name, what its model was told first, what it was asked, and the tools its model asked for."""

    framework: str
    name: str
    system: str
    asked: tuple[Record, ...]
    tools: tuple[str, ...]


def agent_as_recorded(run: Run) -> AgentAsRecorded:
    """The agent that made the run.

    Raises: CannotReplay where the run was no single agent with tools: a graph or workflow of its own, or agents inside of agents.
    """
    nodes = _NODES.get(run.framework)
    if nodes is None:
        raise CannotReplay(
            f"run {run.id} is of {run.framework or 'no framework'}, which has no agent that could be built anew"
        )
    others = [step for step in run.steps if step.kind not in _KINDS]
    others += [
        step for step in run.steps if step.kind == "node" and step.name.rpartition(".")[2] not in nodes
    ]
    several = {step.name for step in run.steps if step.kind == "node" and "." in step.name}
    if others or len(several) > 1:
        what = (
            f"step {others[0].number} is {others[0].kind} {others[0].name}"
            if others
            else "several agents hand over to each other"
        )
        raise CannotReplay(
            f"run {run.id} was no single agent with tools ({what}): name the function that builds yours"
        )
    calls = [step for step in run.steps if step.kind == "llm"]
    if not calls:
        raise CannotReplay(f"run {run.id} has no model calls")
    prompt = calls[0].prompt
    system = text_of(prompt[0]) if prompt and prompt[0].get("role") == "system" else ""
    asked = messages_in(run.input) or [message for message in prompt if message.get("role") != "system"]
    wanted = [str(call.get("name")) for step in calls for call in calls_of(step.message)]
    tools = tuple(name for name in dict.fromkeys(wanted) if name in run.tools)
    return AgentAsRecorded(run.framework, run.name, system, tuple(asked), tools)
