"""The two handlers that LlamaIndex knows: each hook is one line, contained, and keeps nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import BaseEventHandler
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler

from steplog.integration import contained

_CHUNKS = frozenset({"LLMChatInProgressEvent", "LLMCompletionInProgressEvent"})


class Listener(Protocol):
    """Who is told of spans and events; a failure of it is reported to itself."""

    def event_hooks(self) -> Mapping[str, Callable[[Any], None]]:
        """What is called with an event, by the name of the event's class."""
        ...

    def enter(
        self,
        span_id: str,
        arguments: Mapping[str, Any],
        instance: Any,
        parent_id: str | None,
        tags: Mapping[str, Any] | None,
    ) -> None:
        """A span begins."""
        ...

    def exit(self, span_id: str, arguments: Mapping[str, Any], instance: Any, result: Any) -> None:
        """A span ends."""
        ...

    def drop(
        self, span_id: str, arguments: Mapping[str, Any], instance: Any, error: BaseException | None
    ) -> None:
        """A span ends by an exception."""
        ...

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours as `log.error`; never raises."""
        ...


class EventHandler(BaseEventHandler):
    """Hears of model calls and cancellations; every other event is told by its span."""

    if TYPE_CHECKING:
        to: Any
        hooks: Any

    def __init__(self, to: Listener) -> None:
        """Hand on to `to`."""
        super().__init__()
        # Not as fields or private attributes of the model: pydantic looks those up at many times the cost.
        object.__setattr__(self, "to", to)
        object.__setattr__(self, "hooks", to.event_hooks())

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex shows."""
        return "StepLogEventHandler"

    def handle(self, event: BaseEvent, **_: Any) -> None:
        """One event; nearly all are chunks and deltas, which cost a look-up."""
        name = type(event).__name__
        hook = self.hooks.get(name)
        if hook is None:
            return
        if name in _CHUNKS:
            hook(event)  # nothing in there can fail, and there are thousands
        else:
            contained(self.to, "event", hook, event)


class SpanHandler(BaseSpanHandler[BaseSpan]):
    """Hears of spans' beginnings and ends; makes no span objects, so that none pile up."""

    if TYPE_CHECKING:
        to: Any

    def __init__(self, to: Listener) -> None:
        """Hand on to `to`."""
        super().__init__()
        object.__setattr__(self, "to", to)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex shows."""
        return "StepLogSpanHandler"

    # Not the hooks that the base class calls next: it makes, looks up and locks span objects, of which there are none.

    def span_enter(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any = None,
        parent_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A span begins."""
        to = self.to
        contained(to, "enter", to.enter, id_, bound_args.arguments, instance, parent_id, tags)

    def span_exit(
        self, id_: str, bound_args: inspect.BoundArguments, instance: Any = None, result: Any = None, **_: Any
    ) -> None:
        """A span ends."""
        to = self.to
        contained(to, "exit", to.exit, id_, bound_args.arguments, instance, result)

    def span_drop(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any = None,
        err: BaseException | None = None,
        **_: Any,
    ) -> None:
        """A span ends by an exception."""
        contained(self.to, "drop", self.to.drop, id_, bound_args.arguments, instance, err)

    def new_span(self, *_: Any, **__: Any) -> None:
        """No span object is made."""

    def prepare_to_exit_span(self, *_: Any, **__: Any) -> None:
        """There is no span object to take away."""

    def prepare_to_drop_span(self, *_: Any, **__: Any) -> None:
        """There is no span object to take away."""
