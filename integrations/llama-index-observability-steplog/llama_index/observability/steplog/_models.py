"""Model calls: one step for each, from the span and the events that LlamaIndex sends of it in several orders."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Protocol

from llama_index.observability.steplog import _extract as extract
from llama_index.observability.steplog import _llm as llm
from llama_index.observability.steplog import _values as values
from llama_index.observability.steplog._calls import Call, announces
from llama_index.observability.steplog._kinds import Span
from llama_index.observability.steplog._streams import Streams
from steplog.integration import StepRecorder, contained, live_dict, provider_error_fields

Fields = dict[str, Any]
Args = Mapping[str, Any]


class _Owner(Protocol):
    def report(self, where: str, error: BaseException) -> None: ...

    def status(self, error: BaseException | None) -> str | None: ...


class Models:
    """The model calls under way; empty when all are over."""

    def __init__(self, owner: _Owner, steps: StepRecorder, held: Streams) -> None:
        """Tell `steps`; leave streams to `held`."""
        self._owner = owner
        self._steps = steps
        self._streams = held
        self.calls: dict[str, Call] = {}  # by span; each hook looks whether it is about one of them

    def __len__(self) -> int:
        """How many are under way."""
        return len(self.calls)

    def forget(self, span_id: str) -> None:
        """The step of this call was ended otherwise."""
        self.calls.pop(span_id, None)

    # -- spans

    def enter(
        self, span_id: str, span: Span, instance: Any, arguments: Args, parent: Hashable, parent_id: str | None,
        tags: Args | None,
    ) -> None:  # fmt: skip
        """A model's public method is called."""
        if self._streams.held and self._streams.inside_call(span.name.partition(".")[0]):
            if parent is not None:  # a part of the call whose stream is being read
                self._steps.start(span_id, "chain", span.name, parent=parent)
            return
        call = Call(span, instance, arguments, parent, parent_id, tags)
        self.calls[span_id] = call
        if not announces(type(instance), span.method):
            self._begin(span_id, call, call.prompt(), call.keywords(), None)
            self._streams.hear_nothing()

    def exit(self, span_id: str, result: Any) -> bool:
        """The method has returned, an answer or a stream; False if this is no model call under way."""
        call = self.calls.get(span_id)
        if call is None:
            return False
        if type(result) in (GeneratorType, AsyncGeneratorType):
            unread = "abandoned" if announces(type(call.instance), call.span.method) else None
            self._streams.hold(result, span_id, {}, is_call=True, unread=unread)
        else:
            self._finish(span_id, result, None)
        return True

    def drop(self, span_id: str, error: BaseException | None) -> bool:
        """The method has raised; False if this is no model call under way."""
        known = span_id in self.calls
        self._finish(span_id, None, error)
        return known

    # -- events

    def started(self, event: Any) -> None:
        """The call has begun, with all that the client says of itself."""
        call = self.calls.get(event.span_id)
        if call is not None and not call.begun:
            found = event.__dict__
            given = found.get("messages", found.get("prompt"))
            self._begin(
                event.span_id, call, given, found.get("additional_kwargs") or {}, found.get("model_dict")
            )

    def progressed(self, event: Any) -> None:
        """A chunk of a streamed answer: all that is kept of it is itself, until the next but one."""
        call = self.calls.get(event.span_id)
        if call is not None:
            if call.last is None:
                self._steps.first_token(event.span_id)
            call.before, call.last = call.last, event.response

    def ended(self, event: Any) -> None:
        """The answer is whole."""
        self._finish(event.span_id, event.response, None)

    def failed(self, event: Any) -> None:
        """A stream broke off: by an error, by a cancellation, or because nobody reads on."""
        self._finish(event.span_id, None, event.exception)

    # -- to the recorder

    def _begin(self, span_id: str, call: Call, given: Any, kwargs: Args, payload: Any) -> None:
        call.begun = True
        fields = self._fields(llm.llm_start, call.instance, given, kwargs, payload)
        head = {}
        if call.parent is None:
            head = self._fields(extract.run_fields, call.span, call.instance, call.arguments, call.tags)
        name = None if fields.get("model") else type(call.instance).__name__
        held = contained(self._owner, "handed_down", extract.handed_down, call.tags)
        self._steps.start(
            span_id, "llm", name, parent=call.parent, fields=fields, run_fields=head, handed_down=held
        )

    def _finish(self, span_id: str, response: Any, error: BaseException | None) -> None:
        call = self.calls.pop(span_id, None)
        if call is None:
            return
        if not call.begun:
            self._begin(span_id, call, call.prompt(), call.keywords(), None)
        response = call.last if response is None else response
        fields = self._fields(llm.llm_end, response, call.before, self._steps.writes_all)
        if error is not None and fields.get("message") is None:
            fields |= self._fields(llm.llm_failed, error)
        self._once_only(call, response, fields)
        fields["asks"] = contained(self._owner, "asked", llm.asked, fields.get("message")) or []
        status = self._owner.status(error)
        told = error if status in (None, "cancelled") else None
        more = self._fields(provider_error_fields, told) if status is None and told is not None else {}
        self._steps.end(span_id, status=status, error=told, error_fields=more, fields=fields)
        if self._streams.held:
            self._streams.call_over(span_id)
            answer = values.answer_of(fields.get("message")) if error is None else None
            self._streams.answer_over(status, error if status is None else None, answer)

    def _once_only(self, call: Call, response: Any, fields: Fields) -> None:
        """A client around another's passes its answer on: the inner call has told the tokens."""
        raw = live_dict(response).get("raw")
        if raw is None:
            return
        if call.told_below is raw:
            fields.pop("usage", None)
        above = self.calls.get(call.parent_id or "")
        if above is not None:
            above.told_below = raw

    def _fields(self, read: Callable[..., Fields], *args: Any) -> Fields:
        return contained(self._owner, read.__name__, read, *args) or {}
