"""Spans and events of LlamaIndex as calls to the recorder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Self, Unpack

import llama_index_instrumentation
from llama_index_instrumentation.dispatcher import Dispatcher

from llama_index.observability.steplog import _elsewhere as elsewhere
from llama_index.observability.steplog import _events as events
from llama_index.observability.steplog import _extract as extract
from llama_index.observability.steplog import _guarding as guarding
from llama_index.observability.steplog import _kinds as kinds
from llama_index.observability.steplog import _postprocessors as postprocessors
from llama_index.observability.steplog import _streams as streams
from llama_index.observability.steplog import _values as values
from llama_index.observability.steplog import _waiting as waiting
from llama_index.observability.steplog._hooks import EventHandler, SpanHandler
from llama_index.observability.steplog._kinds import Span
from llama_index.observability.steplog._models import Models
from steplog.integration import (
    LogHandle,
    SettingsFields,
    Sink,
    contained,
    provider_error_fields,
    status_of,
)

Fields = dict[str, Any]
Args = Mapping[str, Any]

_CALLS = frozenset({"llm", "tool", "retriever", "embedding", "rerank"})
_STREAMED = frozenset({"query", "chat", "synthesizer"})


class StepLogHandler(LogHandle):
    """Records every span and event of a dispatcher as one JSON line per step.

    ```python
    with StepLogHandler("logs") as handler:  # attached to the root dispatcher: everything
        index.as_query_engine().query("When are the tides largest?")
    print(handler.runs[-1])
    ```

    `path` is a directory (default `$STEPLOG_PATH`, then `./steplogs`) or one `.jsonl` file; handlers of one path share
    one writer in the process, the one for LangChain included. `settings` are those of `steplog.Settings`; a bad one
    raises `steplog.SettingsError`, a `ValueError`. No hook ever raises.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        sink: Sink | None = None,
        **settings: Unpack[SettingsFields],
    ) -> None:
        """Record to `path`, or give the lines to `sink`."""
        super().__init__(path, sink=sink, **settings)
        self._has_chains = self._steps.writes("chain")
        self._streams = streams.Streams(self._end_held)
        self._models = Models(self, self._steps, self._streams)
        self.event_handler = EventHandler(self)
        self.span_handler = SpanHandler(self)
        self._attached: list[Dispatcher] = []

    def attach(self, dispatcher: Dispatcher | None = None) -> Self:
        """Add the two handlers to `dispatcher`, by default to the root of all, which sees everything; gives itself."""
        target = dispatcher or llama_index_instrumentation.root_dispatcher
        target.add_event_handler(self.event_handler)
        target.add_span_handler(self.span_handler)
        self._attached.append(target)
        guarding.attach(self._steps, self._parent)
        contained(self, "postprocessors", postprocessors.listen)
        return self

    def detach(self) -> None:
        """Take the two handlers off again, wherever they were added by `attach`."""
        while self._attached:
            target = self._attached.pop()
            guarding.detach(self._parent)
            if not guarding.attached:
                postprocessors.unlisten()
            # There is no call to remove a handler; other threads may be walking the lists.
            target.event_handlers = [h for h in target.event_handlers if h is not self.event_handler]
            target.span_handlers = [h for h in target.span_handlers if h is not self.span_handler]

    def close(self) -> None:
        """Detach, end what is open and write the log's closing mark; not needed, since the process's end does it."""
        self.detach()
        super().close()

    def __enter__(self) -> Self:
        """This handler, attached to the root of all dispatchers if it is attached to none."""
        return self if self._attached else self.attach()

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours into the log; never raises."""
        self._steps.report(where, error)

    def sizes(self) -> dict[str, int]:
        """How many things are held in memory, by name; for tests of what stays when all runs are over."""
        return self._steps.sizes() | {"streams": len(self._streams), "calls": len(self._models)}

    def event_hooks(self) -> dict[str, Callable[[Any], None]]:
        """What to call for an event, by the name of its class; every other event is told by its span."""
        models = self._models
        return {
            "LLMChatInProgressEvent": models.progressed,
            "LLMCompletionInProgressEvent": models.progressed,
            "LLMChatStartEvent": models.started,
            "LLMCompletionStartEvent": models.started,
            "LLMChatEndEvent": models.ended,
            "LLMCompletionEndEvent": models.ended,
            "ExceptionEvent": models.failed,
            "SpanCancelledEvent": self.cancelled,
        }

    # -- spans

    def enter(
        self, span_id: str, arguments: Args, instance: Any, parent_id: str | None, tags: Args | None
    ) -> None:
        """A span begins."""
        if len(sys.modules) != values.modules_seen[0]:
            contained(self, "register", values.register)
            contained(self, "postprocessors", postprocessors.listen)
        span = contained(self, "span_of", kinds.span_of, span_id, instance, parent_id, tags, arguments)
        span = span or Span("chain", "", kinds.name_of_span(span_id))
        parent = self._parent(parent_id)
        if span.kind == "llm":
            self._models.enter(span_id, span, instance, arguments, parent, parent_id, tags)
        elif parent is not None and span.kind == "chain" and not self._has_chains:
            # Most spans: a parent and nothing more.
            self._steps.start(span_id, "chain", span.name, parent=parent)
        elif parent is not None or not kinds.is_noise(span, arguments):
            self._start(span_id, span, instance, arguments, parent, parent_id, tags)

    def exit(self, span_id: str, arguments: Args, instance: Any, result: Any) -> None:
        """A span ends; what it gave back may be a stream that is still to be read."""
        if span_id in self._models.calls and self._models.exit(span_id, result):
            return
        kind = self._steps.kind_of(span_id)
        if kind is None:
            return
        if (
            kind == "chain"
            and not self._has_chains
            and not self._streams.held
            and streams.is_over(span_id, instance, result)
        ):
            self._steps.end(span_id)
            return
        span = kinds.ended_span(span_id, kind, instance, arguments)
        if span.role in ("step", "call_tool"):
            if result is None and self._is_waiting(span_id, span, arguments):
                return
            self._note_question(span_id, span, result)
        fields = self._fields(extract.end_fields, span, result) if self._steps.shows(span_id) else {}
        if not self._is_held(span_id, span, result, fields):
            self._end_held(span_id, None, None, fields)
        self._others_over(span, instance, arguments)

    def drop(self, span_id: str, arguments: Args, instance: Any, error: BaseException | None) -> None:
        """A span ends by an exception."""
        if self._models.drop(span_id, error):
            return
        status = self.status(error)
        role = kinds.role_of(type(instance))
        if role in ("tool", "adapter") and self._steps.kind_of(span_id) == "chain":
            status = status or "error"  # a part of a tool's step, which tells of the error itself
        told = error if status in (None, "error", "cancelled") else None
        more = self._fields(provider_error_fields, told)
        self._steps.end(span_id, status=status, error=told, error_fields=more)
        self._others_over(Span("", role, kinds.name_of_span(span_id)), instance, arguments, status, told)

    def cancelled(self, event: Any) -> None:
        """A step or workflow is being cancelled; its span is about to end as if it were well."""
        self._steps.end(event.span_id, status="cancelled")

    # -- what a span's beginning tells

    def _start(
        self,
        span_id: str,
        span: Span,
        instance: Any,
        arguments: Args,
        parent: Hashable,
        parent_id: str | None,
        tags: Args | None,
    ) -> None:
        fields: Fields = {}
        if self._steps.writes(span.kind):
            fields = self._fields(extract.start_fields, span, instance, arguments, self._has_chains)
        head: Fields = {}
        if parent is None:
            head = self._fields(extract.run_fields, span, instance, arguments, tags)
            fields = fields if span.kind in _CALLS else {}
        elif span.role in ("step", "call_tool"):
            fields |= self._note_attempt(span, arguments, parent)
        name = self.value(extract.name_of, span, instance, arguments, fields)
        # A parent that is not known here may be that of the process this one was forked from.
        above = parent_id if parent is None else parent
        self._steps.start(
            span_id, span.kind, name, parent=above, fields=fields, run_fields=head,
            handed_down=self.value(extract.handed_down, tags),
        )  # fmt: skip

    def _note_attempt(self, span: Span, arguments: Args, parent: Hashable) -> Fields:
        found = contained(self, "attempt", waiting.attempt, arguments)
        if found is None:
            return {}
        if found.is_answered:
            self._steps.point("resume", parent=parent, fields={"where": span.method, "value": found.answer})
        return {} if found is waiting.FIRST else waiting.fields_of(found, self._steps.state_of(parent))

    # -- what its end tells

    def _is_waiting(self, span_id: str, span: Span, arguments: Args) -> bool:
        asked = contained(self, "awaited", waiting.awaited)
        if asked is None:
            return False
        value = self.value(waiting.question, asked)
        self._steps.point("interrupt", parent=span_id, fields={"value": value, "where": span.method})
        self._steps.end(span_id, status="interrupted")
        return True

    def _note_question(self, span_id: str, span: Span, result: Any) -> None:
        if events.is_question(result):
            value = self.value(values.told, result)
            self._steps.point("interrupt", parent=span_id, fields={"value": value, "where": span.method})

    def _is_held(self, span_id: str, span: Span, result: Any, fields: Fields) -> bool:
        """Leave the step open if what it gave back goes on after it."""
        if events.is_last(result):
            result = values.read_event(result).get("result")
        owner = streams.under_way(result)
        if owner is None or span.kind == "tool":
            return False
        # What is held must not hold the stream in turn, or it would never be seen to be thrown away.
        fields = self._fields(values.held_output, result) if fields else {}
        self._streams.hold(owner, span_id, fields, unread="abandoned" if span.role in _STREAMED else None)
        if owner is result and streams.under_way(result) is None:
            self._streams.over(owner, answer=self.value(values.reply_text, owner))  # its thread was quicker
        return True

    def _others_over(
        self,
        span: Span,
        instance: Any,
        arguments: Args,
        status: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Steps that waited for this span: for the reading of a chat engine's reply, for a workflow."""
        if not self._streams.held:
            return
        if span.role == "reply":
            self._streams.over(instance, status, error, answer=self.value(values.reply_text, instance))
        elif span.role == "workflow" and type(tags := arguments.get("tags")) is dict:
            self._streams.run_over((tags.get("instrument_tags") or {}).get("llamaindex.run_id"))

    def _end_held(self, key: str, status: str | None, error: BaseException | None, fields: Fields) -> None:
        if "status" in fields:
            status, error, fields = extract.with_failure(status, error, fields)
        self._models.forget(key)
        self._steps.end(key, status=status, error=error, fields=fields)

    # -- shared

    def _parent(self, parent_id: str | None) -> Hashable:
        above = (self._streams.running() if self._streams.held else None) or parent_id
        if elsewhere.CONFIG in sys.modules:
            other = contained(self, "langchain_step", elsewhere.langchain_step)
            if other is not None:
                return self._steps.innermost(above, other)
        return above if above is not None and self._steps.knows(above) else None

    def status(self, error: BaseException | None) -> str | None:
        """The status an exception stands for; None for a failure."""
        found = None if error is None else extract.status_of_workflow(error) or status_of(error)
        return None if found == "error" else found

    def _fields(self, read: Callable[..., Fields], *args: Any) -> Fields:
        return contained(self, read.__name__, read, *args) or {}

    def value(self, read: Callable[..., Any], *args: Any) -> Any:
        """What an extractor reads; None, and a `log.error`, where it fails."""
        return contained(self, read.__name__, read, *args)


def is_recording() -> bool:
    """Whether a handler is attached anywhere in this process."""
    return bool(guarding.attached)
