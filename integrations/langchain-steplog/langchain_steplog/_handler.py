"""Every callback of LangChain, written out, as a call to the recorder."""

from __future__ import annotations

import os
from sys import modules
from typing import Any, Unpack
from uuid import UUID

from langchain_steplog import _agents as agents
from langchain_steplog import _decisions as decisions
from langchain_steplog import _extract as extract
from langchain_steplog import _graphs as graphs
from langchain_steplog import _models as models
from langchain_steplog import _provider_errors as provider_errors
from langchain_steplog._dual import DONE, OncePerRun, direct, dual
from langchain_steplog._parents import LLAMA_INDEX, parent_of
from langchain_steplog._recording import Recording
from steplog.integration import BudgetExceeded, SettingsFields, Sink, contained


class StepLogHandler(Recording):
    """Records every run it is given to as one JSON line per step.

    ```python
    with StepLogHandler("logs") as steplog_handler:
        agent.invoke({"messages": [("user", "hi")]}, {"callbacks": [steplog_handler]})
    print(steplog_handler.runs[-1])
    ```

    `path` is a directory (default `$STEPLOG_PATH`, then `./steplogs`) or one `.jsonl` file; handlers of one path share
    one writer in the process, and a run that two of them see is written once. `settings` are those of
    `steplog.Settings`; a bad one raises `steplog.SettingsError`, a `ValueError`. No hook ever raises.
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
        if (
            type(self).on_llm_new_token is StepLogHandler.on_llm_new_token
        ):  # else a subclass wants every token
            vars(self)["on_llm_new_token"] = OncePerRun(self.on_llm_new_token)

    @direct
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
    ) -> Any:
        """A chain, graph or node begins."""
        try:
            steps, parent = self._steps, parent_run_id
            if type(inputs) is dict and "questions" in inputs and decisions.is_decision(metadata, inputs):
                return self._decision(
                    serialized, inputs, run_id, parent_run_id, tags, {**kwargs, "metadata": metadata}
                )
            if self._listens_by is not graphs.current and graphs.is_graph(metadata):
                self._listens_by = graphs.install(steps)
            name = kwargs.get("name")
            if type(name) is not str or not name:
                name = contained(self, "name_of", extract.name_of, serialized, None)
            if parent is None or LLAMA_INDEX in modules:
                parent = parent_of(steps, parent_run_id)
            if parent is not None:
                fields, task = contained(self, "place_of", extract.place_of, name, metadata, tags) or (
                    {},
                    None,
                )
                if steps.writes_all and "defers_inputs" not in kwargs:
                    fields["input"] = self._value(extract.chain_input, inputs)
                kind, is_node = ("chain", False) if task is None else ("node", True)
                held = self._handed_down(metadata, tags)
                if steps.start(
                    run_id, kind, name,
                    parent=parent, fields=fields, attempt_of=task, in_agent=is_node, below_only=True, handed_down=held,
                    answers_calls=graphs.answers_calls(name, metadata) if is_node else None,
                ):  # fmt: skip
                    return DONE
            given = None if "defers_inputs" in kwargs else inputs  # a stream's start carries a placeholder
            self._start_root(run_id, name, parent, given, tags, metadata)
        except BudgetExceeded:
            raise
        except Exception as error:  # noqa: BLE001 - as `dual`, whose call would be felt
            self._lost("on_chain_start", error)
        return DONE

    @direct
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        """A chain, graph or node is done."""
        if "inputs" not in kwargs:
            read = extract.chain_end
            if (
                type(outputs) is not dict
                and type(outputs).__name__ == decisions.ANSWER
                and decisions.is_answer(outputs)
                and self._steps.kind_of(run_id) == "llm"
            ):
                read = decisions.decision_end
            self._steps.end(run_id, read=read, given=outputs)
            return DONE
        contained(self, "stream_end", self._stream_end, outputs, run_id, kwargs)
        return DONE

    @dual
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain, graph or node ended by an exception."""
        self._failed(error, run_id, None, None, self._late_input(run_id, kwargs))

    @direct
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
    ) -> Any:
        """A chat model is called."""
        kwargs["metadata"] = metadata
        sent: Any = messages[0] if type(messages) is list and messages else []
        if type(sent) is not list:
            sent = list(sent) if type(sent) is tuple else [sent]
        fields = contained(self, "llm_start", models.llm_start, serialized, sent, kwargs) or {}
        return self._call("llm", serialized, fields, run_id, parent_run_id, tags, kwargs)

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
        sent = prompts if type(prompts) is list else [prompts]
        messages = [{"role": "user", "content": prompt} for prompt in sent]
        fields = self._fields(models.llm_start, serialized, messages, kwargs)
        self._call("llm", serialized, fields, run_id, parent_run_id, tags, kwargs)

    @dual
    def on_llm_new_token(self, token: Any = None, *, run_id: UUID, **kwargs: Any) -> None:
        """A streamed answer grows: what is kept is when it began."""
        self._steps.first_token(run_id)

    @dual
    def on_stream_event(self, event: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A streamed answer in protocol v3 grows, or is whole."""
        self._streamed(event, run_id)

    @direct
    def on_llm_end(
        self, response: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> Any:
        """A model has answered."""
        read = models.llm_end_in_full if self._steps.writes_all else models.llm_end
        self._steps.end(run_id, read=read, given=response, kind="llm", parent=parent_run_id)
        return DONE

    @dual
    def on_llm_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """A model call ended by an exception, perhaps with part of an answer."""
        response = kwargs.get("response")
        fields = self._fields(models.llm_partial, response)
        if fields.get("message") is None:
            fields |= self._fields(models.llm_failed, error)
        told = self._fields(provider_errors.error_fields, error, response)
        self._failed(error, run_id, parent_run_id, "llm", fields, told)

    @direct
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
    ) -> Any:
        """A tool is called."""
        kwargs["metadata"] = metadata
        inputs = kwargs.get("inputs")
        fields = {
            "call_id": kwargs.get("tool_call_id"),
            "args": self._value(extract.chain_input, input_str) if inputs is None else inputs,
        }
        return self._call("tool", serialized, fields, run_id, parent_run_id, tags, kwargs)

    @direct
    def on_tool_end(
        self, output: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> Any:
        """A tool has a result."""
        self._steps.end(run_id, read=extract.tool_end, given=output, kind="tool", parent=parent_run_id)
        return DONE

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
        self._steps.end(
            run_id, read=extract.retriever_end, given=documents, kind="retriever", parent=parent_run_id
        )

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

    @dual
    def on_retry(self, retry_state: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model's client is about to try again."""
        self._steps.point("retry", parent=run_id, fields=self._fields(agents.retry_state, retry_state))

    @dual
    def on_agent_action(self, action: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """An agent of langchain_classic has decided what to do."""
        self._steps.point("custom", parent=run_id, fields=self._fields(agents.agent_action, action))

    @dual
    def on_agent_finish(self, finish: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """An agent of langchain_classic is done."""
        self._steps.point("custom", parent=run_id, fields=self._fields(agents.agent_finish, finish))

    @dual
    def on_text(self, text: str, *, run_id: UUID, **kwargs: Any) -> None:
        """langchain_classic shows a text, such as a finished prompt: told with `detail="all"` only."""
        if self._steps.writes("chain"):
            self._steps.point("custom", parent=run_id, fields={"name": "text", "data": text})
