"""A run, or all runs of a conversation, as people talk: what was said, called, asked back and answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.said import args_of, calls_of, is_from_user, messages_in, own_error, result_of, text_of
from steplog._read.errors import NotFound
from steplog._show.preview import as_text, brief
from steplog._show.stops import stopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steplog._format.record import Json, Record
    from steplog._read.log import Log
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_AGENT: Final = "agent"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said or done.

    `who`: `user`, `assistant` (a model, `name`), `tool` (a call, with `args` and, in `text`, what it gave), `agent` (one
    begins inside another), `question` (to a human), `answer` (the human's), `retrieval`, `error`, or `end` (how a run ended
    that did not end well). `status` is how it ended, of an answer also why the model stopped (`stopped: length`, `refused`). `depth` counts the agents around it, `step` is its number in its run (0: the run itself).
    """

    run: str
    step: int
    depth: int
    who: str
    name: str
    text: str
    args: str = ""
    status: str = "ok"

    def as_json(self) -> dict[str, Any]:
        """The turn as plain JSON; absent what is empty."""
        return {
            name: value for name, value in asdict(self).items() if value not in ("", "ok") or name == "text"
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in order, of the runs with these ids; `thread` is empty for a run that belongs to none."""

    thread: str
    runs: tuple[str, ...]
    turns: tuple[Turn, ...]

    def as_json(self) -> dict[str, Any]:
        """The conversation as plain JSON."""
        return {
            "thread": self.thread,
            "runs": list(self.runs),
            "turns": [turn.as_json() for turn in self.turns],
        }


def conversation(runs: Sequence[Run]) -> Conversation:
    """What was said in these runs, one after the other: in a later run only what the ones before had not said."""
    turns: list[Turn] = []
    said: list[tuple[str, str]] = []
    for run in runs:
        turns.extend(_turns(run, said))
    return Conversation(runs[0].thread if runs else "", tuple(run.id for run in runs), tuple(turns))


def thread(log: Log, name: str) -> Conversation:
    """All runs of a conversation as one, through interrupts and resumes, oldest first.

    Runs inside other runs of it are part of those. Raises: NotFound.
    """
    found = [run for run in log.runs if run.thread == name]
    ids = {run.id for run in found}
    # A resumed run may not say the thread; what it resumes does.
    for run in log.runs:
        if run.id not in ids and run.resumes in ids:
            ids.add(run.id)
            found.append(run)
    outer = [run for run in found if run.parent_run not in ids]
    if not outer:
        raise NotFound(
            f"no run of thread {name!r} in {log.path}: `steplog ls --columns run,thread` lists them"
        )
    return conversation(outer)


def _turns(run: Run, said: list[tuple[str, str]]) -> Iterator[Turn]:
    yield from _asked(run, said)
    last = ""
    tools = _Tools(run)
    for step, depth in _in_order(run):
        if step.number in tools.joined:
            continue
        for turn in _of_step(run, step, depth, tools):
            if turn.who == "assistant" and not depth:
                last = turn.text
                said.append(("assistant", turn.text))
            yield turn
    returned = [
        text_of(message) for message in messages_in(run.output) if message.get("role") == "assistant"
    ][-1:]
    text = returned[0] if returned else brief(run.output) if isinstance(run.output, str) else ""
    if text and text != last and ("assistant", text) not in said:
        said.append(("assistant", text))
        yield Turn(run.id, 0, 0, "assistant", run.name, text)
    if run.status != "ok":
        error = run.error or {}
        why = ": ".join(as_text(error[part]) for part in ("type", "message") if error.get(part))
        yield Turn(run.id, 0, 0, "end", "", why, status=run.status)


def _asked(run: Run, said: list[tuple[str, str]]) -> Iterator[Turn]:
    """What the run was given, without what earlier runs of the conversation had said already."""
    given = run.input
    if run.resumes or (isinstance(given, dict) and set(given) == {"resume"}):
        answer = given.get("resume", given) if isinstance(given, dict) else given
        if answer is not None:
            yield Turn(run.id, 0, 0, "answer", "", brief(answer))
        return
    messages = messages_in(given)
    if not messages:
        if given is not None:
            yield Turn(run.id, 0, 0, "user", "", brief(given))
        return
    for message in messages[_known(messages, said) :]:
        if is_from_user(message) or message.get("role") == "assistant":
            said.append(_key(message))
            yield Turn(run.id, 0, 0, "user" if is_from_user(message) else "assistant", "", text_of(message))


def _known(messages: Sequence[Record], said: Sequence[tuple[str, str]]) -> int:
    """How many of the messages are what was said before, in that order: who asks something new says it last."""
    known = at = 0
    for number, message in enumerate(messages[:-1], 1):
        try:
            at = said.index(_key(message), at) + 1
        except ValueError:
            continue
        known = number
    return known


def _key(message: Record) -> tuple[str, str]:
    return ("user" if is_from_user(message) else as_text(message.get("role")), text_of(message))


def _in_order(run: Run) -> Iterator[tuple[Step, int]]:
    """The steps with the agents around them counted, in the order of the tree."""
    stack: list[tuple[Step, int]] = [(step, 0) for step in reversed(run.children)]
    while stack:
        step, depth = stack.pop()
        yield step, depth
        inside = depth + (step.kind == _AGENT)
        stack.extend((child, inside) for child in reversed(step.children))


class _Tools:
    """The tool calls of a run in which nothing else happened, and which of them were told with the answer that asked."""

    def __init__(self, run: Run) -> None:
        self.joined: set[int] = set()
        self._by_call: dict[str, list[Step]] = {}
        for step in run.steps:
            if step.kind == "tool" and not step.children:
                self._by_call.setdefault(as_text(step.fields.get("call_id")), []).append(step)

    def asked_by(self, step: Step) -> Iterator[Step]:
        """The calls that an answer asked for, in its order; an id that is used again means the next call each time."""
        for call in calls_of(step.message):
            several = self._by_call.get(as_text(call.get("id")), ()) if call.get("id") else ()
            found = next(
                (each for each in several if each.number > step.number and each.number not in self.joined),
                None,
            )
            if found is not None and found.fields.get("asked_by", step.number) == step.number:
                self.joined.add(found.number)
                yield found


def _of_step(run: Run, step: Step, depth: int, tools: _Tools) -> Iterator[Turn]:
    """What a step says; a tool call is told with the answer that asked for it, if nothing happened inside it."""
    place = (run.id, step.number, depth)
    if step.kind == "llm":
        text = text_of(step.message)
        if text or step.open or step.fields.get("finish_reason") == "refusal" or own_error(step) is not None:
            ended = stopped(step.fields, step.message) if step.status == "ok" else ""
            yield Turn(*place, "assistant", step.name, text, status=ended or step.status)
        for tool in tools.asked_by(step):
            yield _tool(run, tool, depth)
    elif step.kind == "tool":
        yield _tool(run, step, depth)
    elif step.kind == _AGENT:
        yield Turn(*place, "agent", step.name, "", status=step.status)
    elif step.kind == "retriever":
        documents = step.field("documents")
        count = len(documents) if isinstance(documents, list) else 0
        yield Turn(
            *place,
            "retrieval",
            step.name,
            f"{count} documents",
            args=as_text(step.field("query")),
            status=step.status,
        )
    elif step.kind == "interrupt":
        yield Turn(*place, "question", "", as_text(step.field("value")) or as_text(step.fields.get("where")))
    error = own_error(step)
    if error is not None and step.kind != "tool":
        message = f"{as_text(error.get('type'))}: {as_text(error.get('message'))}"
        yield Turn(*place, "error", f"{step.kind} {step.name}".strip(), message, status="error")


def _tool(run: Run, step: Step, depth: int) -> Turn:
    error = own_error(step)
    given: Json = args_of(step)
    text = as_text(result_of(step))
    if error is not None:
        text = f"{as_text(error.get('type'))}: {as_text(error.get('message'))}"
    return Turn(run.id, step.number, depth, "tool", step.name, text, args=as_text(given), status=step.status)
