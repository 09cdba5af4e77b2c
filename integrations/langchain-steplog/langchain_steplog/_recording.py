"""What the hooks share: the recorder behind them, how they read arguments, and what copies of a handler are."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping
from sys import modules
from typing import Any, Final, Self, Unpack
from uuid import UUID

import langchain_core
from langchain_core.callbacks import BaseCallbackHandler

from langchain_steplog import _extract as extract
from langchain_steplog import _graphs as graphs
from langchain_steplog import _models as models
from langchain_steplog._dual import DONE
from langchain_steplog._extract import THEIR_NAMES, THEIR_TAGS
from langchain_steplog._messages import register
from langchain_steplog._parents import LLAMA_INDEX, parent_of
from steplog.integration import (
    WATCH,
    BudgetExceeded,
    HandedDown,
    LogHandle,
    SettingsFields,
    Sink,
    StepRecorder,
    before_call,
    contained,
    note_framework,
    status_of,
    untold,
)

register()
note_framework("langchain-core", langchain_core.__version__)
_NO_FIELDS: Final[Mapping[str, Any]] = {}


def _as_a_guard_comes() -> None:
    from langchain_steplog import _wrapping_up as wrapping_up  # noqa: PLC0415 - it imports much of LangChain, and few use it

    wrapping_up.install()


def _as_a_guard_goes() -> None:
    from langchain_steplog import _wrapping_up as wrapping_up  # noqa: PLC0415 - it is imported by now

    wrapping_up.uninstall()


WATCH.listen(_as_a_guard_comes, _as_a_guard_goes)


class Recording(LogHandle, BaseCallbackHandler):
    """A handler of no event that has a recorder; copies and pickles of it have the same one."""

    run_inline = False

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        sink: Sink | None = None,
        **settings: Unpack[SettingsFields],
    ) -> None:
        """Record to `path`, or give the lines to `sink`."""
        BaseCallbackHandler.__init__(self)
        LogHandle.__init__(self, path, sink=sink, **settings)
        self._arguments = (path, settings) if sink is None else None
        self._listens_by: object = (
            None  # the installation by which LangGraph tells this recorder of interrupts
        )

    @property
    def raise_error(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride] - LangChain asks when a hook has raised
        """Whether LangChain lets through what a hook raises: a guard's `BudgetExceeded`; no hook raises anything else."""
        return WATCH.guards is not None

    @property
    def steps(self) -> StepRecorder:
        """The recorder behind this handler."""
        return self._steps

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
    ) -> Any:
        """The start of a step without steps of the framework's own below it; raises nothing but a guard's `BudgetExceeded`."""
        try:
            steps = self._steps
            name = kwargs.get("name")
            if type(name) is not str or not name:
                name = serialized.get("name") if type(serialized) is dict else None
                if fields.get("model") is not None:
                    name = None  # a model's own name says more than its class
                elif type(name) is not str or not name:
                    name = contained(self, "name_of", extract.name_of, serialized, None)
            for tag in tags or ():
                if type(tag) is str and tag.startswith("retry:attempt:"):
                    fields["attempt"] = self._value(extract.attempt, tags)
            is_sure = parent_run_id is not None and LLAMA_INDEX not in modules
            parent = parent_run_id if is_sure else parent_of(steps, parent_run_id)
            parent = parent if WATCH.guards is None else before_call(steps, kind, parent)
            if parent is None or not steps.start(
                run_id, kind, name,
                parent=parent, fields=fields, attempt_of=fields.get("call_id") or fields.get("model") or name,
                below_only=True, handed_down=self._handed_down(kwargs.get("metadata"), tags),
            ):  # fmt: skip
                head = self._fields(extract.run_fields, kwargs.get("metadata"), tags)
                steps.start(run_id, kind, name, parent=parent, fields=fields, run_fields=head, run_id=run_id)
        except BudgetExceeded:
            raise
        except Exception as error:  # noqa: BLE001 - as `dual`, whose call would be felt
            try:
                self.report("call", error)
            except Exception:  # noqa: BLE001 - at the recursion limit
                untold("call")
        return DONE

    def _handed_down(self, metadata: Any, tags: Any) -> HandedDown | None:
        """The program's own tags and metadata; a look is enough to see that there are none, which is most often so."""
        is_theirs = type(metadata) is not dict or THEIR_NAMES.issuperset(metadata)
        if is_theirs and (type(tags) is not list or THEIR_TAGS.issuperset(tags)):
            return None
        return self._value(extract.handed_down, metadata, tags)

    def _start_root(
        self,
        run_id: UUID,
        name: str | None,
        parent: Hashable,
        given: Any,
        tags: list[str] | None,
        metadata: dict[str, Any] | None,
    ) -> None:
        """The start of a chain or graph that is a run of its own."""
        head = self._fields(extract.run_fields, metadata, tags)
        head["input"] = self._value(extract.chain_input, given)
        resuming = bool(self._value(graphs.is_resuming, given))
        self._steps.start(
            run_id, "chain", name, parent=parent, run_fields=head, run_id=run_id, resuming=resuming
        )

    def _failed(
        self,
        error: BaseException,
        run_id: UUID,
        parent_run_id: UUID | None,
        kind: str | None,
        fields: dict[str, Any],
        error_fields: Mapping[str, Any] = _NO_FIELDS,
    ) -> None:
        found = graphs.status_of(error) or status_of(error)
        if found == "interrupted":
            contained(self, "interrupts", graphs.tell_interrupts, self._steps, error, run_id)
        # The control flow of a graph comes as exceptions that tell nothing beyond the status.
        told = None if found in ("interrupted", "handoff") else error
        status = None if found == "error" else found
        self._steps.end(
            run_id,
            status=status,
            error=told,
            error_fields=error_fields,
            fields=fields,
            kind=kind,
            parent=parent_run_id,
        )

    def _stream_end(self, outputs: Any, run_id: UUID, kwargs: dict[str, Any]) -> None:
        fields = self._fields(extract.chain_end, outputs) | self._late_input(run_id, kwargs)
        # One that is closed early "ends" with nothing, while what it reads from is still open.
        is_early = outputs is None and self._steps.has_open_below(run_id)
        self._steps.end(run_id, status="abandoned" if is_early else None, fields=fields)

    def _streamed(self, event: Any, run_id: UUID) -> None:
        kind = event.get("event") if type(event) is dict else None
        if kind == "content-block-delta":
            self._steps.first_token(run_id)
        elif kind == "message-finish":
            # What comes after is LangChain's own tidying up: a loop that closes cancels it (frameworks.md A2).
            self._steps.note(run_id, answered=True, **self._fields(models.stream_end, event))

    def _late_input(self, run_id: UUID, kwargs: dict[str, Any]) -> dict[str, Any]:
        if "inputs" not in kwargs or not (
            self._steps.writes("chain") or self._steps.kind_of(run_id) == "run"
        ):
            return {}
        given = self._value(extract.chain_input, kwargs["inputs"])
        return {} if given is None else {"input": given}

    def _fields(self, read: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
        return contained(self, read.__name__, read, *args) or {}

    def _value(self, read: Callable[..., Any], *args: Any) -> Any:
        return contained(self, read.__name__, read, *args)


def _unpickled(cls: Callable[..., Recording], path: Any, settings: dict[str, Any]) -> Recording:
    return cls(path, **settings)
