"""The recorder for programs without a framework: runs and steps as context managers and as decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Unpack, overload

from steplog._record.here import innermost
from steplog._record.keywords import (
    AnyFields,
    LlmFields,
    NodeFields,
    RunFields,
    StepFields,
    StepKind,
    ToolFields,
)
from steplog._record.log_handle import LogHandle
from steplog._record.recorded import RecordedRun, RecordedStep
from steplog._write.guard import complain

P = ParamSpec("P")
R = TypeVar("R")


class Recorder(LogHandle):
    """Records the runs of a program that calls models and tools by itself.

    ```python
    with steplog.Recorder("logs") as recorder, recorder.run("nightly") as run:
        with run.llm("gpt-x", messages=[{"role": "user", "content": "hi"}]) as call:
            call.set(message="hello", usage={"input_tokens": 3, "output_tokens": 1})
        with run.tool("search", args={"q": "tea"}) as call:
            call.set(result="42 hits")
    assert [step.name for step in recorder.runs[0].steps] == ["gpt-x", "search"]
    ```

    Functions can be runs and steps, and need no object handed down: what is called inside of one is inside of it.

    ```python
    recorder = steplog.Recorder("logs")


    @recorder.tool
    def search(q: str) -> str:
        return "42 hits"


    @recorder.run
    def nightly() -> str:
        return search("tea")


    nightly()
    recorder.close()
    ```

    A task goes on in the run of the code that made it; a thread begins outside of all, unless it runs in a
    `contextvars.copy_context()`. Each line is in the kernel when the statement that causes it goes on. Recorders of one
    path share one writer in the process. Recording never raises; a bad argument here raises `SettingsError` (a
    `ValueError`). `path` is a directory or one `.jsonl` file (default `$STEPLOG_PATH`, then `./steplogs`); a `sink`
    takes the lines instead, e.g. `steplog.MemorySink()`; the settings are those of `steplog.Settings`.
    """

    # -- runs

    @overload
    def run(self, name: str, **fields: Unpack[RunFields]) -> RecordedRun: ...

    @overload
    def run(self, name: Callable[P, R]) -> Callable[P, R]: ...

    def run(self, name: Any, **fields: Any) -> Any:
        """A run, to be entered with `with`, or to decorate a function with; or a function of which each call is a run.

        Fields: `input`, `thread` (joins the runs of one conversation), `tags`, `metadata`. Raises `RuntimeError` where
        this recorder is closed.
        """
        if self._runs is not None:
            raise RuntimeError("steplog: this Recorder is closed")
        if callable(name):
            return RecordedRun(self._steps, None, fields)(name)
        return RecordedRun(self._steps, name, fields)

    # -- steps of the run that the code now running is in; outside of all of a run of their own

    @property
    def current(self) -> RecordedRun | RecordedStep | None:
        """The run or step that the code now running is in; None outside of all."""
        found = innermost(self._steps)
        return found if isinstance(found, RecordedRun | RecordedStep) else None

    @overload
    def tool(self, name: str, args: Any = None, **fields: Unpack[ToolFields]) -> RecordedStep: ...

    @overload
    def tool(self, name: Callable[P, R]) -> Callable[P, R]: ...

    def tool(self, name: Any, args: Any = None, **fields: Any) -> Any:
        """A tool call, to be entered with `with` or to decorate a function with; or a function that is a tool."""
        return self._step("tool", name, {"args": args, **fields})

    @overload
    def retriever(self, name: str, query: Any = None, **fields: Unpack[StepFields]) -> RecordedStep: ...

    @overload
    def retriever(self, name: Callable[P, R]) -> Callable[P, R]: ...

    def retriever(self, name: Any, query: Any = None, **fields: Any) -> Any:
        """A retrieval, as `tool`; a function's first argument is the query, and what it gives the documents."""
        return self._step("retriever", name, {"query": query, **fields})

    @overload
    def agent(self, name: str, **fields: Unpack[StepFields]) -> RecordedStep: ...

    @overload
    def agent(self, name: Callable[P, R]) -> Callable[P, R]: ...

    def agent(self, name: Any, **fields: Any) -> Any:
        """An agent inside of what runs here, as `tool`."""
        return self._step("agent", name, fields)

    @overload
    def node(self, name: str, **fields: Unpack[NodeFields]) -> RecordedStep: ...

    @overload
    def node(self, name: Callable[P, R]) -> Callable[P, R]: ...

    def node(self, name: Any, **fields: Any) -> Any:
        """A named stage of the work, as `tool`."""
        return self._step("node", name, fields)

    def llm(
        self, model: str | None = None, messages: list[Any] | None = None, **fields: Unpack[LlmFields]
    ) -> RecordedStep:
        """A model call; as a decorator, the function's `messages` or `prompt` is what the model is sent."""
        return self._step("llm", None, {"model": model, "messages": messages, **fields})

    def step(self, kind: StepKind, name: str | None = None, **fields: Unpack[AnyFields]) -> RecordedStep:
        """A step of any kind of the format, to be entered with `with` or to decorate a function with."""
        return self._step(kind, name, dict(fields))

    def _step(self, kind: str, name: Any, fields: dict[str, Any]) -> Any:
        if callable(name):
            return RecordedStep(self._steps, kind, None, fields)(name)
        return RecordedStep(self._steps, kind, name, fields)

    def custom(self, name: str, data: Any = None) -> None:
        """Something that happened at this moment in what runs here; outside of all runs a warning says that it is lost."""
        here = self.current
        if here is not None:
            here.custom(name, data)
        else:
            self._lost("custom")

    def retry(self, attempt: int, *, wait_ms: float | None = None, error: str | None = None) -> None:
        """What runs here is about to be tried again; as `custom`."""
        here = self.current
        if here is not None:
            here.retry(attempt, wait_ms=wait_ms, error=error)
        else:
            self._lost("retry")

    def _lost(self, what: str) -> None:
        words = f"{what}() outside of all runs is not in the log"
        complain(words, words)
        self._steps.report(what, RuntimeError(words))
