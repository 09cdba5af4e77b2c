"""Every callback of LangChain as a call to the recorder: one or two lines each."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Self
from uuid import UUID

import langchain_core
from langchain_core.callbacks import BaseCallbackHandler

from langchain_steplog import _extract as extract
from langchain_steplog import _models as models
from langchain_steplog._dual import dual
from langchain_steplog._messages import register
from steplog.integration import (
    Settings,
    Sink,
    StepRecorder,
    complain,
    contained,
    note_framework,
    recorder_for,
    release,
    status_of,
)

register()
note_framework("langchain-core", langchain_core.__version__)


class StepLogHandler(BaseCallbackHandler):
    """Records every run it is given to as one JSON line per step.

    ```python
    agent.invoke({"messages": [("user", "hi")]}, {"callbacks": [StepLogHandler("logs")]})
    ```

    `path` is a directory (default `$STEPLOG_PATH`, then `./steplogs`) or one `.jsonl` file; handlers of one path share
    one writer in the process, and a run that two of them see is written once. `settings` are those of
    `steplog.Settings`; a bad one raises `steplog.SettingsError`, a `ValueError`. No hook ever raises.
    """

    raise_error = False
    run_inline = False

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, sink: Sink | None = None, **settings: Any
    ) -> None:
        """Record to `path`, or give the lines to `sink`."""
        super().__init__()
        loaded = Settings.load(path, warn=lambda text: complain("settings", text), **settings)
        self._steps: StepRecorder = recorder_for(loaded, sink)
        self._arguments = (path, settings) if sink is None else None

    def totals(self, run_id: UUID | str | None = None) -> dict[str, Any]:
        """Counts and token sums of one run, or of all so far; from memory. Raises `KeyError` for an unknown run."""
        return self._steps.totals(run_id)

    def close(self) -> None:
        """End what is open and write the log's closing mark; not needed, since the end of the process does it."""
        release(self._steps)

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours into the log; never raises."""
        self._steps.report(where, error)

    # Models and chains that carry a handler are copied and pickled by frameworks: the copy is the same recorder.

    def __copy__(self) -> Self:
        """This very handler."""
        return self

    def __deepcopy__(self, _: Any) -> Self:
        """This very handler."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickled, a handler of the same path and settings."""
        path, settings = self._arguments or (None, {})
        return (_unpickled, (type(self), path, settings))

    # -- hooks

    @dual
    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A chain, graph or node begins."""
        name = extract.name_of(serialized, kwargs.get("name"))
        given = None if "defers_inputs" in kwargs else inputs  # a stream's start carries a placeholder
        if parent_run_id is None or not self._steps.knows(parent_run_id):
            head = self._fields(extract.run_fields, metadata, tags)
            head["input"] = self._value(extract.chain_input, given)
            self._steps.start(run_id, "chain", name, parent=parent_run_id, run_fields=head, run_id=run_id)
        elif extract.graph_node(name, metadata, tags):
            self._steps.promote(parent_run_id, "agent", only="chain")
            fields = self._fields(extract.node_start, metadata)
            if self._steps.writes("chain"):
                fields["input"] = self._value(extract.chain_input, given)
            self._steps.start(run_id, "node", name, parent=parent_run_id, fields=fields)
        else:
            fields = {"input": self._value(extract.chain_input, given)} if self._steps.writes("chain") else {}
            self._steps.start(run_id, "chain", name, parent=parent_run_id, fields=fields)

    @dual
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain, graph or node is done."""
        fields = {"output": self._value(extract.chain_output, outputs)} if self._steps.shows(run_id) else {}
        self._steps.end(run_id, fields=fields | self._late_input(kwargs))

    @dual
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain, graph or node ended by an exception."""
        self._steps.end(run_id, status=_status(error), error=_failure(error), fields=self._late_input(kwargs))

    @dual
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[Any]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A chat model is called."""
        kwargs["metadata"] = metadata
        fields = self._fields(models.llm_start, serialized, messages[0] if messages else [], kwargs)
        self._call("llm", serialized, fields, run_id, parent_run_id, tags, kwargs)

    @dual
    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A text model is called."""
        kwargs["metadata"] = metadata
        messages = [{"role": "user", "content": prompt} for prompt in prompts]
        fields = self._fields(models.llm_start, serialized, messages, kwargs)
        self._call("llm", serialized, fields, run_id, parent_run_id, tags, kwargs)

    @dual
    def on_llm_new_token(self, token: Any = None, *, run_id: UUID, **kwargs: Any) -> None:
        """A streamed answer grows: what is kept is when it began."""
        self._steps.first_token(run_id)

    @dual
    def on_llm_end(
        self, response: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model has answered."""
        self._steps.end(
            run_id, fields=self._fields(models.llm_end, response), kind="llm", parent=parent_run_id
        )

    @dual
    def on_llm_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model call ended by an exception, perhaps with part of an answer."""
        fields = self._fields(models.llm_end, kwargs.get("response"))
        self._failed(error, run_id, parent_run_id, "llm", fields)

    @dual
    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A tool is called."""
        kwargs["metadata"] = metadata
        fields = self._fields(extract.tool_start, input_str, kwargs)
        self._call("tool", serialized, fields, run_id, parent_run_id, tags, kwargs)

    @dual
    def on_tool_end(
        self, output: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A tool has a result."""
        fields = self._fields(extract.tool_end, output)
        status = fields.pop("status", None)
        self._steps.end(run_id, status=status, fields=fields, kind="tool", parent=parent_run_id)

    @dual
    def on_tool_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A tool ended by an exception."""
        self._failed(error, run_id, parent_run_id, "tool", {})

    @dual
    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A retriever is asked."""
        kwargs["metadata"] = metadata
        self._call("retriever", serialized, {"query": query}, run_id, parent_run_id, tags, kwargs)

    @dual
    def on_retriever_end(
        self, documents: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A retriever has found documents."""
        fields = self._fields(extract.retriever_end, documents)
        self._steps.end(run_id, fields=fields, kind="retriever", parent=parent_run_id)

    @dual
    def on_retriever_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A retriever ended by an exception."""
        self._failed(error, run_id, parent_run_id, "retriever", {})

    @dual
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The program dispatched an event of its own; `run_id` is the run it happened in."""
        self._steps.point("custom", parent=run_id, fields={"name": name, "data": data})

    # -- shared by the hooks

    def _call(
        self,
        kind: str,
        serialized: Any,
        fields: dict[str, Any],
        run_id: UUID,
        parent_run_id: UUID | None,
        tags: list[str] | None,
        kwargs: dict[str, Any],
    ) -> None:
        name = extract.call_name(serialized, kwargs.get("name"), fields)
        is_root = parent_run_id is None or not self._steps.knows(parent_run_id)
        head = self._fields(extract.run_fields, kwargs.get("metadata"), tags) if is_root else {}
        self._steps.start(
            run_id, kind, name, parent=parent_run_id, fields=fields, run_fields=head, run_id=run_id
        )

    def _failed(
        self,
        error: BaseException,
        run_id: UUID,
        parent_run_id: UUID | None,
        kind: str,
        fields: dict[str, Any],
    ) -> None:
        status = _status(error)
        self._steps.end(
            run_id, status=status, error=_failure(error), fields=fields, kind=kind, parent=parent_run_id
        )

    def _late_input(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        given = self._value(extract.chain_input, kwargs.get("inputs"))
        return {} if given is None else {"input": given}

    def _fields(self, read: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
        return contained(self, read.__name__, read, *args) or {}

    def _value(self, read: Callable[..., Any], *args: Any) -> Any:
        return contained(self, read.__name__, read, *args)


def _status(error: BaseException) -> str | None:
    """The status an exception stands for; None for a failure."""
    found = extract.status_of_graph(error) or status_of(error)
    return None if found == "error" else found


def _failure(error: BaseException) -> BaseException | None:
    """The exception where it tells something; control flow of the graph's does not."""
    return None if extract.status_of_graph(error) else error


def _unpickled(cls: type[StepLogHandler], path: Any, settings: dict[str, Any]) -> StepLogHandler:
    return cls(path, **settings)
