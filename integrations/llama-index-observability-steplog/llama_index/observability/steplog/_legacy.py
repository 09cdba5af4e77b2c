"""The callback manager that LlamaIndex had before its instrumentation: for programs that only have that."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final, Unpack

from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.callbacks.schema import BASE_TRACE_EVENT, CBEventType

from llama_index.observability.steplog import _extract as extract
from llama_index.observability.steplog import _handler as handler
from llama_index.observability.steplog import _llm as llm
from llama_index.observability.steplog import _values as values
from steplog.integration import LogHandle, SettingsFields, Sink, complain, contained, instance_dict

Fields = dict[str, Any]
Payload = Mapping[str, Any]

_KINDS: Final = {
    "query": "node",
    "synthesize": "node",
    "agent_step": "node",
    "retrieve": "retriever",
    "llm": "llm",
    "embedding": "embedding",
    "reranking": "rerank",
    "function_call": "tool",
}
_REASON: Final = (
    "steplog records LlamaIndex by its instrumentation already, which sees more (tools, agents, workflows, parents); "
    "the callback manager would tell model calls and queries a second time, under ids that cannot be matched. "
    "Use one of the two: leave StepLogCallbackHandler out, or do not call activate()."
)


class StepLogCallbackHandler(LogHandle, BaseCallbackHandler):
    """Records what a `CallbackManager` tells: model calls, queries, retrieval, synthesis, embeddings.

    ```python
    Settings.callback_manager = CallbackManager([StepLogCallbackHandler("logs")])
    ```

    Refuses with a `RuntimeError` where the instrumentation is being recorded; `activate()` is what most programs want.
    Arguments as for `StepLogHandler`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        sink: Sink | None = None,
        **settings: Unpack[SettingsFields],
    ) -> None:
        """Record to `path`, or give the lines to `sink`."""
        if handler.is_recording():
            raise RuntimeError(_REASON)
        BaseCallbackHandler.__init__(self, event_starts_to_ignore=[], event_ends_to_ignore=[])
        LogHandle.__init__(self, path, sink=sink, **settings)

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours into the log; never raises."""
        self._steps.report(where, error)

    def on_event_start(
        self,
        event_type: CBEventType,
        payload: dict[str, Any] | None = None,
        event_id: str = "",
        parent_id: str = "",
        **_: Any,
    ) -> str:
        """An event begins."""
        contained(self, "on_event_start", self._start, event_type, payload or {}, event_id, parent_id)
        return event_id

    def on_event_end(
        self, event_type: CBEventType, payload: dict[str, Any] | None = None, event_id: str = "", **_: Any
    ) -> None:
        """An event is over."""
        contained(self, "on_event_end", self._end, event_type, payload or {}, event_id)

    def start_trace(self, trace_id: str | None = None) -> None:
        """A trace begins: its first event is the run."""

    def end_trace(self, trace_id: str | None = None, trace_map: dict[str, list[str]] | None = None) -> None:
        """A trace is over: its first event was."""

    def _start(self, event_type: Any, payload: Payload, event_id: str, parent_id: str) -> None:
        if handler.is_recording():
            complain("StepLogCallbackHandler", f"StepLogCallbackHandler is silent now: {_REASON}")
            return
        values.register()
        name = event_type_name(event_type)
        kind = _KINDS.get(name, "chain")
        parent = ("legacy", parent_id) if parent_id not in ("", BASE_TRACE_EVENT) else None
        fields = contained(self, "start_fields", start_fields, kind, payload) or {}
        head = {"framework": "llama-index"}
        is_root = parent is None or not self._steps.knows(parent)
        if is_root and kind == "chain":
            return
        if is_root and kind == "node":
            head, fields = head | fields, {}
        named = None if fields.get("model") else name
        self._steps.start(("legacy", event_id), kind, named, parent=parent, fields=fields, run_fields=head)

    def _end(self, event_type: Any, payload: Payload, event_id: str) -> None:
        kind = _KINDS.get(event_type_name(event_type), "chain")
        error = payload.get("exception")
        fields = contained(self, "end_fields", end_fields, kind, payload) or {}
        failed = error if isinstance(error, BaseException) else None
        self._steps.end(("legacy", event_id), error=failed, fields=fields)


def event_type_name(event_type: Any) -> str:
    """An event type's name: LlamaIndex has it as an enum of texts."""
    found = instance_dict(event_type).get("_value_", event_type)
    return found if type(found) is str else "event"


def start_fields(kind: str, payload: Payload) -> Fields:
    """What an event's start tells."""
    if kind == "llm":
        given = payload.get("messages", payload.get("formatted_prompt"))
        asked = payload.get("additional_kwargs")
        return llm.llm_start(None, given, asked if type(asked) is dict else {}, payload.get("serialized"))
    query = payload.get("query_str")
    if kind in ("retriever", "rerank"):
        return {"query": query if type(query) is str else instance_dict(query).get("query_str")}
    if kind == "tool":
        return {"args": payload.get("function_call")}
    return {"input": query} if kind == "node" else {}


def end_fields(kind: str, payload: Payload) -> Fields:
    """What an event's end tells; a stream in it stays unread."""
    if kind == "llm":
        answer = payload.get("response", payload.get("completion"))
        return llm.llm_end(answer, None)
    if kind in ("retriever", "rerank"):
        return extract.documents(payload.get("nodes"), brief=kind == "rerank")
    if kind == "embedding":
        chunks, vectors = payload.get("chunks"), payload.get("embeddings")
        count = {"count": len(chunks)} if type(chunks) is list else {}
        return count | extract.embedding_end(vectors)
    if kind == "tool":
        return {"result": payload.get("function_call_response")}
    return {"output": payload.get("response")} if kind == "node" else {}
