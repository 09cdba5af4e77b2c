"""A run as one document of the Agent Trajectory Interchange Format (ATIF 1.8), its sub-agents embedded.

Source of the rules: the models of the `atif` package, version 1.8. A system or user message is a step of its own, a model call with
the tool calls that it asked for and their results is one; an agent below a tool call is a trajectory that the result refers to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._export.atif_parts import call_of, calls_of, how, present, result_text, said_text, thoughts
from steplog._export.logged import objects_in
from steplog._export.untold import Untold
from steplog._show.preview import as_text, brief
from steplog._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from steplog._format.record import Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

Document = dict[str, Any]
VERSION: Final = "ATIF-v1.8"
_UNTOLD_POINTS: Final = {
    "resume": "resumes",
    "retry": "retries",
    "denied": "denied calls",
    "custom": "custom events",
}
_SOURCES: Final = {"system": "system", "developer": "system"}
_TOKENS: Final = (
    ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"), ("cached_tokens", "cache_read_tokens"),
)  # fmt: skip
_STATUS: Final = {
    "crashed": "the process died while this ran",
    "running": "still running when it was exported",
    "unfinished": "its end is not in the log",
    "interrupted": "waits for a human",
    "cancelled": "cancelled",
    "abandoned": "nobody read its stream to the end",
}


def atif(run: Run, untold: Untold | None = None) -> Document:
    """A run as an ATIF document of plain JSON; what the format has no place for is counted in `untold`."""
    made = _Trajectory(run.id, run.name or run.framework or "agent", Untold() if untold is None else untold)
    made.add(run.children)
    made.end(run.status, run.error)
    document = made.document(run.totals)
    document["session_id"] = run.thread or run.id
    document["extra"] = present(
        {
            "steplog_run": run.id, "uuid": run.uuid, "status": run.status, "framework": run.framework, "resumes": run.goes_on_from,
            "parent_run": run.parent_run, "parent_step": run.parent_step, "labels": list(run.labels), "tags": list(run.tags), "metadata": dict(run.metadata),
            "notes": [note.as_json() for note in run.notes],
        }
    )  # fmt: skip
    return document


class _Trajectory:
    """One agent's document while its steps are gathered."""

    def __init__(self, trajectory_id: str, name: str, untold: Untold) -> None:
        self.id = trajectory_id
        self.name = name
        self.untold = untold
        self.steps: list[Document] = []
        self.inner: list[Document] = []
        self._seen: set[int] = set()
        self._model = ""
        self._tools: Any = None
        self._asking: dict[str, Document] = {}  # a tool call's id -> the step that asked for it

    def add(self, steps: Iterable[Step]) -> None:
        """Steps in their order; nodes and plumbing are their contents."""
        for step in steps:
            match step.kind:
                case "llm":
                    self._model_call(step)
                case "tool":
                    self._tool(step)
                case "agent":
                    self._embedded([step], step)
                case "retriever" | "embedding" | "rerank":
                    self._dispatched(step)
                case "interrupt":
                    self._append("system", f"asked a human: {as_text(step.field('value'))}", step)
                case "resume" | "retry" | "denied" | "custom":
                    self.untold.add(_UNTOLD_POINTS[step.kind])
                case _:
                    if step.error is not None and not step.children:
                        self.untold.add("errors of nodes")
                    self.add(step.children)

    def document(self, totals: Any) -> Document:
        """The trajectory; its metrics are those of the run where `totals` are given, else sums of its steps."""
        counted = [step["metrics"] for step in self.steps if "metrics" in step]
        sums = {name: [found[name] for found in counted if name in found] for name, _ in _TOKENS}
        known: Document = {name: sum(counts) for name, counts in sums.items() if counts}
        if totals:
            known = {name: totals.get(ours) for name, ours in _TOKENS}
        agent = {
            "name": self.name,
            "version": __version__,
            "model_name": self._model or None,
            "tool_definitions": self._tools,
        }
        return present(
            {
                "schema_version": VERSION,
                "trajectory_id": self.id,
                "agent": present(agent),
                "steps": [{"step_id": number, **step} for number, step in enumerate(self.steps, 1)],
                "final_metrics": present({f"total_{name}": count for name, count in known.items()}) or None,
                "subagent_trajectories": self.inner or None,
            }
        )

    def end(self, status: str, error: Any) -> None:
        """How it ended, where that is not well."""
        if status in _STATUS:
            self._append("system", _STATUS[status], None)
        elif error is not None:
            self._append(
                "system", f"failed: {error.get('type', 'error')}: {as_text(error.get('message'))}", None
            )

    # -- one step

    def _append(self, source: str, message: str, step: Step | None, **more: Any) -> Document:
        started = (
            step.started.isoformat().replace("+00:00", "Z")
            if step is not None and step.started is not None
            else None
        )
        made = present({"timestamp": started, "source": source}) | {"message": message} | present(more)
        self.steps.append(made)
        return made

    def _model_call(self, step: Step) -> None:
        for message in step.prompt:
            self._said(message, step)
        answer = step.message
        if answer is not None and isinstance(answer.get("m"), int):
            self._seen.add(answer["m"])
        usage = step.usage
        metrics = present({name: usage.get(ours) for name, ours in _TOKENS})
        if usage.get("reasoning_tokens"):
            metrics["extra"] = {"reasoning_tokens": usage["reasoning_tokens"]}
        model = step.fields.get("model")
        self._model = self._model or (model if isinstance(model, str) else "")
        self._tools = self._tools or objects_in(step.field("tool_defs")) or None
        calls = calls_of(answer)
        made = self._append(
            "agent", said_text(answer), step,
            model_name=model if isinstance(model, str) else None, reasoning_content=thoughts(answer) or None,
            tool_calls=calls or None, metrics=metrics or None, llm_call_count=1, extra=how(step),
        )  # fmt: skip
        self._asking |= {call["tool_call_id"]: made for call in calls}
        self.add(step.children)

    def _said(self, message: Record, step: Step) -> None:
        number = message.get("m")
        if number in self._seen or not isinstance(number, int):
            return
        self._seen.add(number)
        role = str(message.get("role"))
        # Answers and results stand in the calls that made them; those of an earlier run are context.
        if role in ("assistant", "tool"):
            if role == "assistant":
                self._append("agent", said_text(message), step, is_copied_context=True)
            return
        self._append(_SOURCES.get(role, "user"), said_text(message), step)

    def _tool(self, step: Step) -> None:
        call_id = str(step.fields.get("call_id") or "")
        asking = self._asking.get(call_id)
        message = step.message
        if message is not None and isinstance(message.get("m"), int):
            self._seen.add(message["m"])
        result: Document = {"content": result_text(step), "extra": how(step)}
        self.add(child for child in step.children if child.kind != "agent")
        agents = list(_agents_below(step))
        if agents:
            result["subagent_trajectory_ref"] = [
                {"trajectory_id": self._embedded([agent], agent, refer=False)} for agent in agents
            ]
        if asking is None:
            call_id = call_id or f"step-{step.number}"
            asking = self._append("agent", "", step, llm_call_count=0, tool_calls=[call_of(step, call_id)])
        asking.setdefault("observation", {"results": []})["results"].append(
            present({"source_call_id": call_id} | result)
        )

    def _dispatched(self, step: Step) -> None:
        """A retrieval and its like: an action without a model's asking."""
        results = [
            present(
                {
                    "content": as_text(d.get("content")),
                    "extra": present({"id": d.get("id"), "score": d.get("score")}),
                }
            )
            for d in objects_in(step.field("documents"))
        ]
        what = f"{step.kind} {step.name}: {as_text(step.field('query'))}".rstrip(": ")
        self._append(
            "agent",
            what,
            step,
            llm_call_count=0,
            observation={"results": results} if results else None,
            extra=how(step),
        )

    def _embedded(self, steps: Sequence[Step], agent: Step, *, refer: bool = True) -> str:
        inner = _Trajectory(f"{self.id}-{agent.number}", agent.name or "agent", self.untold)
        inner.add(child for step in steps for child in step.children)
        inner.end(agent.status, agent.error)
        self.inner.append(inner.document(None))
        if refer:
            reference = [{"trajectory_id": inner.id}]
            observation = {
                "results": [
                    present(
                        {
                            "content": brief(agent.field("output")) or None,
                            "subagent_trajectory_ref": reference,
                        }
                    )
                ]
            }
            self._append(
                "agent",
                f"handed to {agent.name or 'an agent'}",
                agent,
                llm_call_count=0,
                observation=observation,
            )
        return inner.id


def _agents_below(step: Step) -> Iterator[Step]:
    """The nearest agents in a tool call."""
    for child in step.children:
        if child.kind == "agent":
            yield child
        else:
            yield from _agents_below(child)
