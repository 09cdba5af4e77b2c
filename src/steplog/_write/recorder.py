"""The recorder for programs without a framework: runs and steps as context managers."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from steplog._write.disk.sinks import Sink
from steplog._write.guard import complain
from steplog._write.registry import recorder_for, release
from steplog._write.safe.exceptions import status_of
from steplog._write.settings.settings import Settings
from steplog._write.steps.states import new_uuid7
from steplog._write.steps.step_recorder import StepRecorder


class Recorder:
    """Records the runs of a program that calls models and tools by itself.

    ```python
    with steplog.Recorder("logs") as recorder, recorder.run("nightly") as run:
        with run.llm(model="gpt-x", messages=[{"role": "user", "content": "hi"}]) as call:
            call.set(message={"role": "assistant", "content": "hello"}, usage={"input_tokens": 3, "output_tokens": 1})
        with run.tool("search", args={"q": "tea"}) as call:
            call.set(result="42 hits")
    ```

    Each line is in the kernel when the `with` statement that causes it goes on. Recorders of one path share one
    writer in the process. Recording never raises; a bad argument here raises `SettingsError` (a `ValueError`).
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, sink: Sink | None = None, **settings: Any
    ) -> None:
        """Record to `path` (default `$STEPLOG_PATH`, then `./steplogs`), a directory or one `.jsonl` file.

        `sink` takes the lines instead, e.g. `steplog.MemorySink()`. The settings are those of `steplog.Settings`.
        """
        loaded = Settings.load(path, warn=lambda text: complain("settings", text), **settings)
        self._steps: StepRecorder | None = recorder_for(loaded, sink)

    def run(self, name: str, **fields: Any) -> Run:
        """A run, to be entered with `with`. Fields: `input`, `thread`, `tags` (list), `metadata` (dict)."""
        if self._steps is None:
            raise RuntimeError("steplog: this Recorder is closed")
        return Run(self._steps, name, fields)

    @property
    def totals(self) -> dict[str, Any]:
        """Counts and token sums of all runs so far, from memory."""
        return {} if self._steps is None else self._steps.totals()

    def close(self) -> None:
        """End what is open and write the log's closing mark; a second call does nothing."""
        steps, self._steps = self._steps, None
        if steps is not None:
            release(steps)

    def __enter__(self) -> Self:
        """This recorder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class _Block:
    """Something that begins at `with` and ends with it; steps may begin inside."""

    def __init__(self, recorder: StepRecorder, kind: str, name: str | None, fields: dict[str, Any]) -> None:
        self._recorder = recorder
        self._kind = kind
        self._name = name
        self._fields = fields
        self._result: dict[str, Any] = {}
        self._parent: object = None

    def set(self, **fields: Any) -> None:
        """What the end line shall carry, e.g. `result=`, `message=`, `usage=`, `finish_reason=`, `output=`.

        `usage` is a dict of `input_tokens`, `output_tokens`, `cache_read_tokens` and so on; `status` may be given,
        too, for a failure that raised nothing.
        """
        self._result.update(fields)

    def first_token(self) -> None:
        """A streamed answer has begun: the end line will have `ttft_ms`."""
        self._recorder.first_token(self)

    def step(self, kind: str, name: str | None = None, **fields: Any) -> Step:
        """A step of any kind of the format, to be entered with `with`."""
        return Step(self._recorder, kind, name, fields, self)

    def llm(self, model: str | None = None, messages: list[Any] | None = None, **fields: Any) -> Step:
        """A model call. `messages` are dicts with `role` and `content`; each is written once per run."""
        return Step(self._recorder, "llm", None, {"model": model, "messages": messages, **fields}, self)

    def tool(self, name: str, args: Any = None, **fields: Any) -> Step:
        """A tool call with its arguments."""
        return Step(self._recorder, "tool", name, {"args": args, **fields}, self)

    def retriever(self, name: str, query: Any = None, **fields: Any) -> Step:
        """A retrieval; `set(documents=[{"id":, "score":, "content":}])` tells what it found."""
        return Step(self._recorder, "retriever", name, {"query": query, **fields}, self)

    def agent(self, name: str, **fields: Any) -> Step:
        """An agent inside this one."""
        return Step(self._recorder, "agent", name, fields, self)

    def node(self, name: str, **fields: Any) -> Step:
        """A named stage of the work, as the nodes of a graph are."""
        return Step(self._recorder, "node", name, fields, self)

    def custom(self, name: str, data: Any = None) -> None:
        """Something that happened here, at this moment."""
        self._recorder.point("custom", parent=self, fields={"name": name, "data": data})

    def retry(self, attempt: int, *, wait_ms: float | None = None, error: str | None = None) -> None:
        """What was tried here is about to be tried again, for the `attempt`th time."""
        fields = {
            "attempt": attempt,
            "wait_ms": wait_ms,
            "error": None if error is None else {"message": error},
        }
        self._recorder.point("retry", parent=self, fields=fields)

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """End it; an exception passing through is its error, and passes on."""
        status = self._result.pop("status", None)
        if error is not None and status is None and (found := status_of(error)) != "error":
            status = found
        self._recorder.end(self, status=status, error=error, fields=self._result)


class Run(_Block):
    """One run of the program: what a user would call one question, job or conversation turn."""

    def __init__(self, recorder: StepRecorder, name: str, fields: dict[str, Any]) -> None:
        super().__init__(recorder, "run", name, fields)
        self.id: UUID = new_uuid7()

    def __enter__(self) -> Self:
        """Begin it."""
        self._recorder.start(self, "run", self._name, run_fields=self._fields, run_id=self.id)
        return self

    @property
    def totals(self) -> dict[str, Any]:
        """Counts and token sums of this run at this moment, from memory; empty before it began."""
        try:
            return self._recorder.totals(self.id)
        except KeyError:
            return {}


class Step(_Block):
    """One step of a run."""

    def __init__(
        self, recorder: StepRecorder, kind: str, name: str | None, fields: dict[str, Any], parent: _Block
    ) -> None:
        super().__init__(recorder, kind, name, fields)
        self._parent = parent

    def __enter__(self) -> Self:
        """Begin it."""
        self._recorder.start(self, self._kind, self._name, parent=self._parent, fields=self._fields)
        return self
