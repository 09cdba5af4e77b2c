"""How each agent of a log was set up in each run: the first model call of each of its places, and whether it failed."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._ask.agents import agents_of
from steplog._ask.prompt_words import words_of
from steplog._ask.said import text_of
from steplog._ask.templates import Seen
from steplog._read.errors import LogError
from steplog._read.runs.fingerprints import kind_of_message
from steplog._show.preview import as_text
from steplog._show.terminal_text import as_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from steplog._format.record import Json, Record
    from steplog._read.log import Log
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_MOST_OWN: Final = 20_000  # characters of one thing that a run says itself
_SYSTEM: Final = ("system", "developer")
# Of a call, not of an agent: they name who asks, or are another each time.
_PASSING: Final = frozenset(
    {
        "user", "metadata", "seed", "prompt_cache_key", "safety_identifier", "headers", "extra_headers", "request_id", "session_id",
        "trace_id", "run_id", "idempotency_key", "previous_response_id", "thread_id", "conversation",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One place of an agent in one run: who, where (its node), and as what the model was called the first time.

    `steps` are all model calls of that place, `has_failed` whether an error began in the agent in this run.
    """

    run: str
    nth: int
    agent: str
    node: str
    step: int
    ts: str
    model: str
    params: str
    tools: tuple[tuple[str, str], ...]
    prompt: Seen
    steps: tuple[int, ...]
    tool_steps: tuple[int, ...]
    has_failed: bool

    @property
    def place(self) -> tuple[str, str]:
        """The agent and its node."""
        return self.agent, self.node


def agent_calls(log: Log, runs: Collection[str] | None = None) -> Iterator[Call]:
    """The places of all agents in all runs (of these ids, if they are given), in the order of the runs."""
    seen: dict[str, int] = {}
    for run in log.iter_runs():
        seen[run.id] = seen.get(run.id, 0) + 1
        if runs is None or run.id in runs:
            try:
                yield from _of_run(copy(run), seen[run.id])  # the copy's content goes with it
            except LogError:
                continue  # its file went while we read


@dataclass(frozen=True, slots=True)
class _Around:
    """What the calls of a run have in common."""

    nth: int
    starts: dict[int, Record]
    askers: dict[int, int]
    own: str
    defined: dict[str, str]


def _of_run(run: Run, nth: int) -> Iterator[Call]:
    starts: dict[int, Record] = {
        record["step"]: record for record in run.records() if record["ev"] == "llm.start" and "step" in record
    }
    if not starts:
        return
    owners, steps = agents_of(run), {step.number: step for step in run.steps}
    failed = {owners.get(step.number, 0) for step in run.steps if _fails(step.status, step.error)}
    if _fails(run.status, run.error) or run.status == "crashed":
        failed.add(0)
    defined = _definitions(steps[number] for number in starts if number in steps)
    around = _Around(nth, starts, _askers(run, starts, owners), _own_words(run), defined)
    places: dict[tuple[int, str], list[Step]] = {}
    for number in starts:
        if number in steps:
            place = owners.get(number, 0), _node_of(steps[number])
            places.setdefault(place, []).append(steps[number])
    for (owner, node), calls in places.items():
        agent = kind_of_message(steps[owner].name if owner else run.name)
        yield _call(run, around, agent, node, calls, has_failed=owner in failed)


def _call(run: Run, around: _Around, agent: str, node: str, calls: list[Step], *, has_failed: bool) -> Call:
    first, start = calls[0], around.starts[calls[0].number]
    numbers = tuple(step.number for step in calls)
    text = "\n".join(text_of(message) for message in first.prompt if message.get("role") in _SYSTEM)
    return Call(
        run=run.id,
        nth=around.nth,
        agent=agent,
        node=node,
        step=first.number,
        ts=as_text(start.get("ts")),
        model=as_text(start.get("model")),
        params=_params(start.get("params")),
        tools=_tools(first, around.defined),
        prompt=Seen(words_of(text), run.thread, as_text(run.writer.get("w")), around.own),
        steps=numbers,
        tool_steps=tuple(number for number, asker in around.askers.items() if asker in numbers),
        has_failed=has_failed,
    )


def _askers(run: Run, starts: Collection[int], owners: Mapping[int, int]) -> dict[int, int]:
    """The model call that led to each tool call or retrieval: the one that asked for it, else the last of its agent before it."""
    found: dict[int, int] = {}
    last: dict[int, int] = {}
    for step in run.steps:
        owner, asker = owners.get(step.number, 0), step.fields.get("asked_by")
        if step.number in starts:
            last[owner] = step.number
        elif step.kind in ("tool", "retriever", "rerank"):
            found[step.number] = asker if isinstance(asker, int) and asker in starts else last.get(owner, 0)
    return found


def _node_of(step: Step) -> str:
    """The node of its agent that a call ran in."""
    above = step.parent
    while not step.node and above is not None and above.kind != "agent":
        if above.kind == "node":
            return above.name
        above = above.parent
    return step.node


def _fails(status: str, error: Mapping[str, Json] | None) -> bool:
    return status == "error" and "step" not in (error or {})


def _own_words(run: Run) -> str:
    """What the run itself says: its input's and metadata's words, whatever the case."""
    first = next((step for step in run.steps if step.kind == "llm"), None)
    said = [text_of(message) for message in (first.prompt if first else ()) if message.get("role") == "user"]
    parts = [as_text(run.input), as_text(dict(run.metadata)), run.thread, *said]
    words = (word.text for part in parts for word in words_of(part[:_MOST_OWN]))
    return f" {' '.join(word.lower() for word in words if word[0].isalnum())} "


def _params(params: Json) -> str:
    kept = (
        {name: value for name, value in params.items() if name not in _PASSING}
        if isinstance(params, dict)
        else {}
    )
    return as_json(dict(sorted(kept.items())))


def _definitions(steps: Iterator[Step]) -> dict[str, str]:
    """The definition of each tool by its name: a run's lines have each once."""
    found: dict[str, str] = {}
    for step in steps:
        several = step.field("tool_defs")
        for each in cast("list[Any]", several) if isinstance(several, list) else []:
            if isinstance(each, dict) and (name := _name_of(each)):
                found.setdefault(name, as_json(each))
    return found


def _name_of(definition: dict[str, Any]) -> str:
    inner = definition.get("function")
    return as_text(definition.get("name") or (inner.get("name") if isinstance(inner, dict) else ""))


def _tools(step: Step, defined: dict[str, str]) -> tuple[tuple[str, str], ...]:
    names = step.field("tools")
    several = cast("list[Any]", names) if isinstance(names, list) else []
    return tuple(sorted((name, defined.get(name, "")) for name in {as_text(each) for each in several}))
