"""What LangGraph does and tells no callback: nodes that its cache answered for, and where conditional edges went."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID
from weakref import ref

from steplog.integration import StepRecorder, contained

AGENTS: Final = frozenset({"langchain_create_agent", "deepagents"})  # who made a graph, as its metadata say
_MOST_NODES: Final = 4096
_PLUMBING: Final = ("branch:", "__")  # channels that are not the program's own
_routes: OrderedDict[UUID, list[str]] = OrderedDict()  # a node's run -> where its edges went so far


class Recorders:
    """Who is told, as long as somebody else has them: a `WeakSet`, whose every walk costs ten times as much."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._refs: tuple[ref[StepRecorder], ...] = ()

    def add(self, recorder: StepRecorder) -> None:
        """Tell this one as well."""
        others = [other for other in self.alive() if other is not recorder]
        self._refs = tuple(map(ref, (*others, recorder)))

    def alive(self) -> list[StepRecorder]:
        """Those that are there."""
        return [recorder for one in self._refs if (recorder := one()) is not None]


def telling_cached(original: Callable[..., Any], recorders: Recorders) -> Callable[..., Any]:
    """`SyncPregelLoop.match_cached_writes`, telling of the nodes that need not run as their results are known."""

    def match(loop: Any, *args: Any, **kwargs: Any) -> Any:
        tasks = original(loop, *args, **kwargs)
        return _told(loop, tasks, recorders) if tasks else tasks

    return match


def telling_cached_later(original: Callable[..., Any], recorders: Recorders) -> Callable[..., Any]:
    """`AsyncPregelLoop.amatch_cached_writes`, likewise."""

    async def match(loop: Any, *args: Any, **kwargs: Any) -> Any:
        tasks = await original(loop, *args, **kwargs)
        return _told(loop, tasks, recorders) if tasks else tasks

    return match


def _told(loop: Any, tasks: Sequence[Any], recorders: Recorders) -> Sequence[Any]:
    for recorder in recorders.alive():
        contained(recorder, "cached nodes", _tell_cached, recorder, loop, tasks)
    return tasks


def _tell_cached(recorder: StepRecorder, loop: Any, tasks: Sequence[Any]) -> None:
    graph = getattr(loop.manager, "run_id", None)
    if graph is None or not recorder.is_open(graph):
        return
    for task in tasks:
        key = ("cached node", graph, task.id)
        fields = {"step_in_graph": loop.step, "triggers": list(task.triggers) or None}
        recorder.start(key, "node", task.name, parent=graph, fields=fields, in_agent=True, below_only=True)
        output = {name: value for name, value in task.writes if not name.startswith(_PLUMBING)}
        recorder.end(key, fields={"output": output or None, "cached": True})


def telling_route(original: Callable[..., Any], recorders: Recorders) -> Callable[..., Any]:
    """`BranchSpec._finish`, telling where a conditional edge goes."""

    def finish(branch: Any, writer: Any, given: Any, result: Any, config: Any, *more: Any) -> Any:
        for recorder in recorders.alive():
            contained(recorder, "route", _tell_route, recorder, branch, result, config)
        return original(branch, writer, given, result, config, *more)

    return finish


def _tell_route(recorder: StepRecorder, branch: Any, result: Any, config: Any) -> None:
    # In an agent of LangChain's the edges say no more than the calls of its model.
    if config["metadata"].get("ls_integration") in AGENTS:
        return
    node = getattr(config["callbacks"], "parent_run_id", None)
    if type(node) is not UUID or recorder.kind_of(node) != "node":
        return
    ends = branch.ends or {}
    chosen = result if type(result) in (list, tuple) else [result]
    places = [
        ends.get(one, one) if type(one) in (str, bool, int) else getattr(one, "node", None) for one in chosen
    ]
    route = _routes.setdefault(node, [])
    route += [place for place in places if type(place) is str]
    if route:
        recorder.note(node, route=route.copy())
    if len(_routes) > _MOST_NODES:
        _routes.popitem(last=False)
