"""Runs and steps that a program records: context managers, and decorators of functions that are such runs or steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar, Unpack
from uuid import UUID

from steplog._format.record import STATUSES, STEPS, Totals
from steplog._record.decorated import asked_by, decorated, name_of
from steplog._record.here import Nested, come_out, go_in, innermost
from steplog._record.keywords import (
    AnyFields,
    EndFields,
    LlmFields,
    NodeFields,
    StepFields,
    StepKind,
    ToolFields,
)
from steplog._write.guard import complain
from steplog._write.misnamed import node_instead_of, shown_name, tell_unknown, with_extra
from steplog._write.safe.exceptions import status_of
from steplog._write.steps.states import new_uuid7
from steplog._write.steps.step_recorder import StepRecorder
from steplog._write.steps.watch import WATCH, before_call, told_to_answer

P = ParamSpec("P")
R = TypeVar("R")

_RESULTS: Final = {"tool": "result", "llm": "message", "retriever": "documents", "rerank": "documents"}


class Block:
    """A run or a step: it begins with `with` and ends with it; steps may begin inside."""

    def __init__(
        self,
        recorder: StepRecorder,
        kind: str,
        name: str | None,
        fields: Mapping[str, Any],
        parent: Block | None = None,
    ) -> None:
        """Nothing is recorded yet; a `kind` that the format does not have becomes a node."""
        if type(kind) is not str or (kind not in STEPS and not isinstance(self, RecordedRun)):
            kind, fields = node_instead_of(kind, fields)
        self.recorder = recorder
        self.kind = kind
        self.name = name
        self.is_over = False
        self.outer: Nested | None = None
        self.is_begun = False
        self._parent = parent
        self._fields = fields
        self._end_fields: dict[str, Any] = {}
        self._before: Nested | None = None

    # -- what it is and what happens in it

    def set(self, **fields: Unpack[EndFields]) -> None:
        """What the end line shall carry: of a tool `result`, of a model call `message` and `usage`, else `output`.

        ```python
        with steplog.Recorder("logs") as recorder, recorder.run("nightly") as run:
            with run.llm("gpt-x", messages=[{"role": "user", "content": "hi"}]) as call:
                call.set(message="hello", usage={"input_tokens": 3, "output_tokens": 1}, finish_reason="stop")
            run.set(output="done")
        ```

        `usage` is a dict of `input_tokens`, `output_tokens`, `cache_read_tokens` and so on, in tokens; `status` may be
        given for a failure that raised nothing. A name that the format does not have goes under `extra` with a warning.
        """
        if self.is_over:
            self._too_late("set", "before")
        else:
            self._end_fields.update(fields)

    def first_token(self) -> None:
        """A model's streamed answer has begun: the end line will have `ttft_ms`."""
        self.recorder.first_token(self)

    def custom(self, name: str, data: Any = None) -> None:
        """Something that happened here, at this moment; begins what it is called on, where that has not begun."""
        self._point("custom", {"name": name, "data": data})

    def retry(self, attempt: int, *, wait_ms: float | None = None, error: str | None = None) -> None:
        """What was tried here is about to be tried again, for the `attempt`th time, after `wait_ms` milliseconds."""
        self._point("retry", {"attempt": attempt, "wait_ms": wait_ms, "error": error})

    def _point(self, kind: str, fields: dict[str, Any]) -> None:
        self.begin()
        if self.is_over and not self.recorder.knows(self):
            self._too_late(kind, "long ago")
            return
        self.recorder.point(kind, parent=self, fields=fields)

    def _too_late(self, what: str, when: str) -> None:
        words = f"{what}() of {self.kind} {shown_name(self.name)!r}, which ended {when}"
        complain(words, f"{words}: it is not in the log")
        self.recorder.report(what, RuntimeError(words))

    # -- steps inside

    def step(self, kind: StepKind, name: str | None = None, **fields: Unpack[AnyFields]) -> RecordedStep:
        """A step of any kind of the format, to be entered with `with`."""
        return RecordedStep(self.recorder, kind, name, fields, self)

    def llm(
        self, model: str | None = None, messages: list[Any] | None = None, **fields: Unpack[LlmFields]
    ) -> RecordedStep:
        """A model call. `messages` are dicts with `role` and `content`; each is written once per run."""
        return RecordedStep(
            self.recorder, "llm", None, {"model": model, "messages": messages, **fields}, self
        )

    def tool(self, name: str, args: Any = None, **fields: Unpack[ToolFields]) -> RecordedStep:
        """A tool call with its arguments."""
        return RecordedStep(self.recorder, "tool", name, {"args": args, **fields}, self)

    def retriever(self, name: str, query: Any = None, **fields: Unpack[StepFields]) -> RecordedStep:
        """A retrieval; `set(documents=[{"id":, "score":, "content":}])` tells what it found."""
        return RecordedStep(self.recorder, "retriever", name, {"query": query, **fields}, self)

    def agent(self, name: str, **fields: Unpack[StepFields]) -> RecordedStep:
        """An agent inside this one."""
        return RecordedStep(self.recorder, "agent", name, fields, self)

    def node(self, name: str, **fields: Unpack[NodeFields]) -> RecordedStep:
        """A named stage of the work, as the nodes of a graph are."""
        return RecordedStep(self.recorder, "node", name, fields, self)

    @property
    def over_budget(self) -> str:
        """What a `steplog.guard(then="wrap_up")` says to the model, once its limit is passed; empty before, and without one.

        A program that calls its model by itself asks here whether to leave the tools out, and let it answer.
        """
        return told_to_answer(self.recorder, self) or ""

    # -- beginning and end

    def begin(self) -> None:
        """Begin it now, where it has not begun: `with` does."""
        raise NotImplementedError

    def set_result(self, value: Any) -> None:
        """What it comes to, by its kind: `result`, `documents`, `message` or `output`; None says nothing."""
        if value is not None:
            self._end_fields.setdefault(_RESULTS.get(self.kind, "output"), value)

    def end(self, error: BaseException | None = None) -> None:
        """End it now; an exception is its error. `with` does."""
        fields, self._end_fields = self._end_fields, {}
        self.is_over = True
        if error is None and "status" not in fields and "error" not in fields:
            self.recorder.end(self, fields=fields)
        else:
            self._end_as_told(fields, error)

    def _end_as_told(self, fields: dict[str, Any], error: BaseException | None) -> None:
        status = fields.pop("status", None)
        if status is not None and (type(status) is not str or status not in STATUSES):
            tell_unknown("status", status, STATUSES, "written under `extra`")
            fields, status = with_extra(fields, "status", status), None
        if isinstance(fields.get("error"), BaseException):
            told = fields.pop("error")
            error = told if error is None else error
        elif fields.get("error") is not None and status is None and error is None:
            status = "error"
        if error is not None and status is None and (said := status_of(error)) != "error":
            status = said
        self.recorder.end(self, status=None if status == "ok" else status, error=error, fields=fields)

    def __enter__(self) -> Self:
        """Begin it, anew where it has ended; what the code does until `__exit__` is inside of it."""
        if self.is_over:
            self.is_begun = self.is_over = False
        self.begin()
        self._before = go_in(self)
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        """End it; an exception passing through is its error, and passes on."""
        come_out(self, self._before)
        self.end(error)

    async def __aenter__(self) -> Self:
        """As `with`."""
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As `with`."""
        self.__exit__(kind, error, trace)


class RecordedRun(Block):
    """One run of the program: what a user would call one question, job or conversation turn.

    ```python
    recorder = steplog.Recorder("logs")


    @recorder.run("nightly", tags=["cron"])
    def job(day: str) -> str:
        return f"did {day}"


    with recorder.run("by hand") as run:
        run.custom("noted", {"a": 1})
    job("monday")
    recorder.close()
    ```
    """

    def __init__(self, recorder: StepRecorder, name: str | None, fields: dict[str, Any]) -> None:
        """To be entered with `with`, or to decorate a function with: then each call is a run."""
        super().__init__(recorder, "run", name, fields)
        self.id: UUID = new_uuid7()
        self._is_id_used = False

    def begin(self) -> None:
        """Begin it now, where it has not begun: `with` does."""
        if self.is_begun:
            return
        if self._is_id_used:
            self.id = new_uuid7()
        self.is_begun = self._is_id_used = True
        outer = innermost(self.recorder)
        fields = self._fields if outer is None else {**self.recorder.place_of(outer), **self._fields}
        self.recorder.start(self, "run", self.name, run_fields=fields, run_id=self.id)

    @property
    def totals(self) -> Totals:
        """Counts and token sums of this run at this moment, from memory; empty before it began."""
        try:
            return self.recorder.totals(self.id)
        except KeyError:
            return {}

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, each call of it a run like this one."""

        def run(given: dict[str, Any]) -> RecordedRun | None:
            if self.recorder.is_closed:
                return None
            name = self.name or name_of(function)
            return RecordedRun(self.recorder, name, {"input": given or None, **self._fields})

        return decorated(function, run)


class RecordedStep(Block):
    """One step of a run, to be entered with `with`, or to decorate a function with: then each call is a step."""

    def begin(self) -> None:
        """Begin it now, where it has not begun: `with` does. Raises `BudgetExceeded` where a guard says so."""
        if self.is_begun:
            return
        above = self._parent
        if above is None:
            above = innermost(self.recorder)
        elif not above.is_begun:
            above.begin()
        if WATCH.guards is not None:
            before_call(self.recorder, self.kind, above)
        self.is_begun = True
        self.recorder.start(self, self.kind, self.name, parent=above, fields=self._fields)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, each call of it a step like this one."""

        def step(given: dict[str, Any]) -> RecordedStep | None:
            if self.recorder.is_closed:
                return None
            name = self.name or (None if self.kind == "llm" else name_of(function))
            told = {field: value for field, value in self._fields.items() if value is not None}
            return RecordedStep(
                self.recorder, self.kind, name, {**asked_by(self.kind, given), **told}, self._parent
            )

        return decorated(function, step)
