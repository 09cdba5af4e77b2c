"""How a guard reaches LlamaIndex, which lets no handler stop anything: while one is on, and at no other time, it is wrapped.

The dispatcher's entrance raises before a model or a tool is called. An agent whose budget is used up takes its last step without
tools, and its tools are not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from functools import wraps
from typing import Any, Final

from llama_index_instrumentation.dispatcher import Dispatcher
from llama_index_instrumentation.span import active_span_id

from llama_index.observability.steplog import _kinds as kinds
from steplog.integration import WATCH, BudgetExceeded, StepRecorder, before_call, told_instead, told_to_answer

_AGENTS: Final = "llama_index.core.agent.workflow"
_TOOL: Final = "call_tool"
PlaceOf = Callable[
    [str | None], Hashable
]  # the step in which a span with this parent begins; None for a run of its own
attached: list[tuple[StepRecorder, PlaceOf]] = []  # who records in this process
_replaced: list[tuple[type, str, Any, Any]] = []


def attach(steps: StepRecorder, place_of: PlaceOf) -> None:
    """A handler with this recorder records from now on; wraps nothing as long as no guard is on."""
    if not attached:
        WATCH.listen(_install, _uninstall)
    attached.append((steps, place_of))


def detach(place_of: PlaceOf) -> None:
    """It records no more; with the last one nothing stays wrapped."""
    at = next(at for at, (_, known) in enumerate(attached) if known == place_of)
    del attached[at]
    if not attached:
        WATCH.forget(_install)
        _uninstall()


def _install() -> None:
    _replace(Dispatcher, "span_enter", _entering)


def _uninstall() -> None:
    while _replaced:
        cls, name, original, ours = _replaced.pop()
        if vars(cls).get(name) is ours:  # else somebody has wrapped it since
            setattr(cls, name, original)


def _replace(cls: type, name: str, wrap: Callable[[Any], Any]) -> None:
    original = vars(cls)[name]
    if any(ours is original for _, _, _, ours in _replaced):
        return
    ours = wraps(original)(wrap(original))
    setattr(cls, name, ours)
    _replaced.append((cls, name, original, ours))


# -- any call of a model or a tool


def _entering(original: Any) -> Any:
    def span_enter(
        self: Dispatcher,
        id_: str,
        bound_args: Any,
        instance: Any = None,
        parent_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        span = kinds.span_of(id_, instance, parent_id, tags, bound_args.arguments)
        if span.kind in ("llm", "tool"):
            try:
                _ask(span, parent_id)
            except BudgetExceeded:
                active_span_id.set(parent_id)  # the span that is refused is what it was set to
                raise
        elif span.role == "workflow":
            _wrap_agents()
        original(self, id_, bound_args, instance=instance, parent_id=parent_id, tags=tags, **kwargs)

    return span_enter


def _ask(span: kinds.Span, parent_id: str | None) -> None:
    for steps, place_of in tuple(attached):
        place = place_of(parent_id)
        if span.role == _TOOL and told_instead(steps, place) is not None:
            return  # the agent is told so by `_calling`
        before_call(steps, span.kind, place)


# -- agents


def _wrap_agents() -> None:
    """Wrap the agents that there are by now: each class that takes steps of its own, and whoever calls tools."""
    module: Any = sys.modules.get(_AGENTS)
    if module is None:
        return
    classes: list[type] = [module.BaseWorkflowAgent, module.AgentWorkflow]
    while classes:
        cls = classes.pop()
        classes += cls.__subclasses__()
        if "take_step" in vars(cls):
            _replace(cls, "take_step", _stepping)
        if "_call_tool" in vars(cls):
            _replace(cls, "_call_tool", _calling)


def _stepping(original: Any) -> Any:
    async def take_step(self: Any, ctx: Any, llm_input: Sequence[Any], tools: Any, memory: Any) -> Any:
        words = _words(told_to_answer)
        if words is None:
            return await original(self, ctx, llm_input, tools, memory)
        from llama_index.core.base.llms.types import ChatMessage  # noqa: PLC0415 - workflows alone have no models

        told = ChatMessage(words)
        notes = getattr(self, "scratchpad_key", None)  # what a function agent says and hears in between
        if notes is None:
            output = await original(self, ctx, [*llm_input, told], [], memory)
        else:
            await ctx.store.set(notes, [*await ctx.store.get(notes, default=[]), told])
            output = await original(self, ctx, llm_input, [], memory)
            said = await ctx.store.get(notes, default=[])
            await ctx.store.set(notes, [message for message in said if message is not told])
        output.tool_calls, output.retry_messages = [], []
        return output

    return take_step


def _calling(original: Any) -> Any:
    async def call_tool(self: Any, ctx: Any, tool: Any, tool_input: Any) -> Any:
        words = _words(told_instead)
        if words is None:
            return await original(self, ctx, tool, tool_input)
        from llama_index.core.tools import ToolOutput  # noqa: PLC0415 - as above

        name = tool.metadata.get_name()
        return ToolOutput(
            content=words, tool_name=name, raw_input=tool_input, raw_output=words, is_error=True
        )

    return call_tool


def _words(ask: Callable[[StepRecorder, Hashable], str | None]) -> str | None:
    here = active_span_id.get()
    told = (ask(steps, place_of(here)) for steps, place_of in tuple(attached))
    return next((words for words in told if words is not None), None)
