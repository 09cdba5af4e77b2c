"""What LangGraph tells beyond LangChain's callbacks: interrupts, resumes, static breakpoints, checkpoints.

LangGraph gives lifecycle events only to handlers of a class of its own that were passed in a config, and a node's
checkpoint to nobody. Both stand where `install` looks, by wrapping two of its functions; without them (another
version) what they add is missing and nothing else.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final
from uuid import UUID

from langchain_steplog._dual import dual
from langchain_steplog._untold import AGENTS, Recorders, telling_cached, telling_cached_later, telling_route
from steplog.integration import StepRecorder, contained, read_fields

Fields = dict[str, Any]
_MOST_TASKS: Final = 4096
_checkpoints: OrderedDict[str, str] = (
    OrderedDict()
)  # a task's checkpoint namespace -> the checkpoint it starts from
_recorders: Final = Recorders()
_replaced: list[tuple[Any, str, Any]] = []  # a module or class, a name in it, what stands there


current: object = object()  # an installation; another one after each `uninstall`


def install(recorder: StepRecorder) -> object:
    """Let `recorder` hear of the graphs it records; to be called when one starts, which is before it asks who listens.

    Gives the installation that it hears by; None where LangGraph has nothing to wrap.
    """
    _recorders.add(recorder)
    if _replaced:
        return current
    callbacks = sys.modules.get("langgraph.callbacks")
    if callbacks is not None and hasattr(callbacks, "_init_base_manager"):
        _replace(callbacks, "_init_base_manager", lambda original: _with_lifecycle(original, callbacks))
    runnable = sys.modules.get("langgraph._internal._runnable")
    if runnable is not None:
        for name in ("get_callback_manager_for_config", "get_async_callback_manager_for_config"):
            if hasattr(runnable, name):
                _replace(runnable, name, _noting_checkpoint)
    for module, cls, name, telling in _UNTOLD:
        owner = getattr(sys.modules.get(module), cls, None)
        if owner is not None and hasattr(owner, name):
            _replace(owner, name, lambda original, telling=telling: telling(original, _recorders))
    return current if _replaced else None


_UNTOLD: Final = (
    ("langgraph.pregel._loop", "SyncPregelLoop", "match_cached_writes", telling_cached),
    ("langgraph.pregel._loop", "AsyncPregelLoop", "amatch_cached_writes", telling_cached_later),
    ("langgraph.graph._branch", "BranchSpec", "_finish", telling_route),
)


def uninstall() -> None:
    """Put LangGraph's functions back, where nobody has wrapped them since."""
    global current  # noqa: PLW0603 - a hook compares it: a call would be felt
    current = object()
    while _replaced:
        module, name, ours = _replaced.pop()
        if getattr(module, name, None) is ours:
            setattr(module, name, ours.__wrapped__)


def _replace(module: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    original = getattr(module, name)
    ours = wrap(original)
    ours.__wrapped__ = original
    setattr(module, name, ours)
    _replaced.append((module, name, ours))


def checkpoint_of(metadata: Mapping[str, Any]) -> Fields | None:
    """Where a node's graph goes on from or forks: `thread_id`, `ns` of the graph, checkpoint `id`; None without a thread."""
    thread = metadata.get("thread_id")
    if thread is None:
        return None
    task = metadata.get("langgraph_checkpoint_ns")
    task = task if type(task) is str else ""
    found = {"thread_id": thread, "ns": task.rpartition("|")[0] or None, "id": _checkpoints.get(task)}
    return {name: value for name, value in found.items() if value is not None}


# -- a task's checkpoint


def _noting_checkpoint(original: Callable[..., Any]) -> Callable[..., Any]:
    def manager_for(config: Any, *args: Any, **kwargs: Any) -> Any:
        # Without a thread nothing is kept, and looking is cheaper than calling what would look.
        if type(config) is dict and type(of := config.get("configurable")) is dict and "thread_id" in of:
            contained(_ONE_OF_THEM, "checkpoint", _note_checkpoint, of)
        return original(config, *args, **kwargs)

    return manager_for


class _OneOfThem:
    """Where a failure is written that is no recorder's in particular; to ask for one before would cost more than the rest."""

    def report(self, where: str, error: BaseException) -> None:
        """Write a `log.error`; never raises."""
        for recorder in _recorders.alive()[:1]:
            recorder.report(where, error)


_ONE_OF_THEM: Final = _OneOfThem()


def _note_checkpoint(configurable: dict[str, Any]) -> None:
    task, ids = configurable.get("checkpoint_ns"), configurable.get("checkpoint_map")
    if type(task) is not str or not task or type(ids) is not dict:
        return
    found = ids.get(task.rpartition("|")[0])
    if type(found) is str:
        _checkpoints[task] = found
        if len(_checkpoints) > _MOST_TASKS:
            _checkpoints.popitem(last=False)


# -- lifecycle events


def _with_lifecycle(original: Callable[..., None], callbacks: ModuleType) -> Callable[..., None]:
    listener_class = _listener_class(callbacks.GraphCallbackHandler)

    def init(manager: Any, *args: Any, **kwargs: Any) -> None:
        original(manager, *args, **kwargs)
        for recorder in _recorders.alive():
            contained(recorder, "lifecycle", _listen, manager, kwargs.get("run_id"), recorder, listener_class)

    return init


def _listen(manager: Any, run_id: Any, recorder: StepRecorder, listener_class: type[Any]) -> None:
    if run_id is None or not recorder.is_open(run_id):
        return
    if not any(
        getattr(h, "recorder", None) is recorder for h in manager.handlers if type(h) is listener_class
    ):
        manager.add_handler(listener_class(recorder), inherit=False)


def _listener_class(base: type[Any]) -> type[Any]:
    class Listener(base):
        """Tells one recorder of interrupts and resumes of the graphs it records."""

        def __init__(self, recorder: StepRecorder) -> None:
            super().__init__()
            self.recorder = recorder

        def report(self, where: str, error: BaseException) -> None:
            self.recorder.report(where, error)

        @dual
        def on_interrupt(self, event: Any) -> None:
            _interrupted(self.recorder, event)

        @dual
        def on_resume(self, event: Any) -> None:
            _resumed(self.recorder, event)

    return Listener


def _resumed(recorder: StepRecorder, event: Any) -> None:
    found = read_fields(event)
    recorder.promote(found.get("run_id"), "agent", only="chain")
    fields = {"where": found.get("status"), "checkpoint": _place(found)}
    recorder.point("resume", parent=found.get("run_id"), fields=fields)


def _interrupted(recorder: StepRecorder, event: Any) -> None:
    found = read_fields(event)
    run_id, place = found.get("run_id"), _place(found)
    if type(run_id) is not UUID:
        return
    recorder.promote(run_id, "agent", only="chain")
    recorder.note(run_id, checkpoint=place)
    interrupts = found.get("interrupts") or ()
    for interrupt in interrupts:
        told = interrupt_fields(interrupt)
        recorder.point("interrupt", parent=run_id, fields=told | {"checkpoint": place}, once=told.get("id"))
    if not interrupts:
        recorder.point("interrupt", parent=run_id, fields={"where": found.get("status"), "checkpoint": place})


def _place(event: Fields) -> Fields:
    ns = event.get("checkpoint_ns")
    joined = "|".join(part for part in ns if type(part) is str) if type(ns) is tuple else None
    return {k: v for k, v in (("ns", joined or None), ("id", event.get("checkpoint_id"))) if v is not None}


# -- interrupts as exceptions


def tell_interrupts(recorder: StepRecorder, error: BaseException, step: UUID) -> None:
    """Write the interrupts that an exception carries, under the step that raised it; on its way up they are known."""
    for argument in error.args:
        for interrupt in argument if type(argument) in (tuple, list) else ():
            fields = interrupt_fields(interrupt)
            recorder.point("interrupt", parent=step, fields=fields, once=fields.get("id"))


def interrupt_fields(interrupt: Any) -> Fields:
    """What an interrupt asks, and the id under which it is answered."""
    found = read_fields(interrupt)
    given = found.get("id")
    return {"value": found.get("value"), "id": given if type(given) is str else None}


def status_of(error: BaseException) -> str | None:
    """What LangGraph's control-flow exceptions mean; None for any other."""
    names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("langgraph.")}
    if names & {"GraphInterrupt", "NodeInterrupt"}:
        return "interrupted"
    if "GraphDrained" in names:
        return "cancelled"  # somebody asked the graph to stop; it goes on from its checkpoint
    return "handoff" if "GraphBubbleUp" in names else None


def is_command(value: Any) -> bool:
    """Whether a value is LangGraph's `Command`."""
    cls = type(value)
    return cls.__name__ == "Command" and cls.__module__.startswith("langgraph.")


def is_resuming(inputs: Any) -> bool:
    """Whether a graph's input asks it to go on: `Command(resume=…)`, or none at all after a static breakpoint."""
    return inputs is None or (is_command(inputs) and read_fields(inputs).get("resume") is not None)


def is_graph(metadata: Mapping[str, Any] | None) -> bool:
    """Whether a run is LangGraph's, or inside one of its runs."""
    return bool(metadata) and (metadata.get("ls_integration") in _GRAPHS or "langgraph_step" in metadata)


def answers_calls(node: str | None, metadata: Mapping[str, Any] | None) -> str | None:
    """Whose calls a node of LangChain's agents answers, for `StepRecorder.start`; None for a node of others.

    What follows a model may answer a call for which a run before this one has asked a human.
    """
    if metadata is None or metadata.get("ls_integration") not in AGENTS:
        return None
    return "any" if node is not None and node.endswith(".after_model") else "run"


_GRAPHS: Final = AGENTS | {"langgraph"}
