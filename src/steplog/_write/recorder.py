"""Facts about steps to records: numbers, parents, durations, totals, ends that never came."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any
from uuid import UUID

from steplog._format.record import CALLS, POINTS, WRITTEN, Record
from steplog._write.errors import describe
from steplog._write.guard import guarded
from steplog._write.lines import LineWriter
from steplog._write.settings import Settings
from steplog._write.stamp import now_ns
from steplog._write.state import Ended, Open, RunState, new_uuid7
from steplog._write.totals import Totals

Fields = Mapping[str, Any]
_NO_FIELDS: Fields = {}
_MOST_RUNS_REMEMBERED = 256


class StepRecorder:
    """Turns the starts, ends and points that an adapter reports into lines.

    An adapter names steps by keys of its own (any hashable value); numbers, parents, durations and totals are made
    here. Every method returns whatever happens: a failure of ours costs fields or a line and leaves a `log.error`.
    """

    def __init__(self, settings: Settings, lines: LineWriter) -> None:
        """Record under `settings` to `lines`."""
        self.settings = settings
        self.lines = lines
        self._written = WRITTEN[settings.detail]
        self._forget_all()

    def _forget_all(self) -> None:
        self._steps: dict[Hashable, Open] = {}
        self._ended = Ended()
        self._runs: dict[str, RunState] = {}
        self._past: dict[str, Totals] = {}
        self._inherited: dict[Hashable, tuple[str, int]] = {}
        self._all = Totals()

    # -- what adapters report

    def writes(self, kind: str) -> bool:
        """Whether steps of this kind are written, so that an adapter need not read what would be dropped."""
        return kind in self._written

    def knows(self, key: Hashable) -> bool:
        """Whether a step with this key has started here, and what starts below it belongs to its run."""
        return key in self._steps or self._ended.get(key) is not None

    def shows(self, key: Hashable) -> bool:
        """Whether the end of this open step would be written, so that its output is worth reading."""
        step = self._steps.get(key)
        return step is not None and step.number is not None

    def kind_of(self, key: Hashable) -> str | None:
        """The kind of an open step; None where no step of this key is open."""
        step = self._steps.get(key)
        return None if step is None else step.kind

    def innermost(self, *keys: Hashable) -> Hashable:
        """Of the keys known here the one farthest below its run, where two frameworks each name a parent; or None."""
        known = [(key, self._steps.get(key) or self._ended.get(key)) for key in keys]
        depths = [(sum(1 for _ in step.ancestors()), key) for key, step in known if step is not None]
        return max(depths, key=lambda found: found[0])[1] if depths else None

    @guarded
    def start(
        self,
        key: Hashable,
        kind: str,
        name: str | None,
        *,
        parent: Hashable = None,
        fields: Fields = _NO_FIELDS,
        run_fields: Fields = _NO_FIELDS,
        run_id: UUID | None = None,
    ) -> None:
        """A step begins. Without a known `parent` it begins a run of its own, which `run_fields` describe.

        The line is in the kernel when this returns. A key that is open already is the same step seen by a second
        handler, and is not written again.
        """
        if key in self._steps:
            return
        above = self._steps.get(parent) or self._ended.get(parent) if parent is not None else None
        self._ended.forget(key)
        if above is None:
            self._start_run(key, kind, name, parent, fields, run_fields, run_id)
        else:
            step = self._register(key, kind, name, above.run, above)
            if kind in self._written:
                self._write_start(step, fields)
            step.began = now_ns()

    @guarded
    def end(
        self,
        key: Hashable,
        *,
        status: str | None = None,
        error: BaseException | None = None,
        fields: Fields = _NO_FIELDS,
        kind: str | None = None,
        parent: Hashable = None,
    ) -> None:
        """A step is over. `status` None means ok, or "error" where there is an `error`.

        An end whose start the framework lost is written as a step of its own, if `kind` says what it was.
        """
        step = self._steps.get(key)
        if step is None:
            step = self._late_or_lost(key, kind, parent)
            if step is None:
                return
            self._write_end(step, status, error, fields, late=step.number is not None)
            return
        self._finish(step, status, error, fields)

    @guarded
    def first_token(self, key: Hashable) -> None:
        """A streamed answer has begun; only the first call of a step counts."""
        step = self._steps.get(key)
        if step is None or step.first_ns:
            return
        step.first_ns = now_ns()
        if self.settings.detail == "all" and step.number:
            ttft = _ms(step.first_ns - step.began)
            self.lines.write(step.run, step.number, "llm.first_token", {"ttft_ms": ttft})

    @guarded
    def point(self, kind: str, *, parent: Hashable, fields: Fields = _NO_FIELDS) -> None:
        """Something happened inside the step `parent`: a retry, an interrupt, a resume, a custom event."""
        above = self._steps.get(parent) or self._ended.get(parent)
        if above is None or kind not in POINTS:
            return
        number = above.run.next_number()
        self._count(above.run, kind)
        up = above.number if above.number is not None else above.written_parent
        self.lines.write(above.run, number, f"{kind}.point", fields, parent=up)

    @guarded
    def promote(self, key: Hashable, kind: str, *, only: str) -> None:
        """An open step of kind `only` turns out to be of another kind: plumbing that is a nested agent."""
        step = self._steps.get(key)
        if step is None or step.kind != only:
            return
        step.kind = kind
        if kind in self._written:
            self._write_start(step, _NO_FIELDS, late=True)

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours as `log.error`; never raises."""
        self.lines.report(where, error)

    # -- what is known of runs

    def totals(self, run_id: UUID | str | None = None) -> dict[str, Any]:
        """Counts and sums of one run by id, or of all runs so far; from memory. Raises `KeyError` for no such run."""
        if run_id is None:
            return self._all.as_dict()
        short = run_id.hex[16:] if isinstance(run_id, UUID) else run_id.replace("-", "")[-16:]
        run = self._runs.get(short)
        return (self._past[short] if run is None else run.totals).as_dict()

    def sizes(self) -> dict[str, int]:
        """How many things are held in memory, by name; for tests of what stays when all runs are over."""
        return {
            "steps": len(self._steps),
            "runs": len(self._runs),
            "ended": len(self._ended),
            "past": len(self._past),
            "once": sum(len(run.once) for run in self._runs.values()),
        }

    def after_fork(self) -> None:
        """In a forked child: what was open is the parent's; what starts below it here is a run of its own."""
        inherited = {
            key: (step.run.hex, step.number or step.written_parent)
            for key, step in tuple(self._steps.items())
        }
        self._forget_all()
        self._inherited = inherited

    def close(self) -> None:
        """End what is still open as implied, `abandoned`: nobody will end it any more."""
        for run in tuple(self._runs.values()):
            if run.root is not None:
                self._close_run(run.root)

    @guarded
    def _close_run(self, root: Open) -> None:
        self._finish(root, "abandoned", None, {"implied": True})

    # -- starts

    def _start_run(
        self,
        key: Hashable,
        kind: str,
        name: str | None,
        parent: Hashable,
        fields: Fields,
        run_fields: Fields,
        run_id: UUID | None,
    ) -> None:
        given = run_id
        if run_id is None or run_id.hex[16:] in self._runs or run_id.hex[16:] in self._past:
            run_id = new_uuid7()  # an id that the program used before names another run of it
        run = RunState(run_id)
        step = self._register(key, kind, name, run, None)
        run.root = step
        self._runs[run.hex] = run
        head: dict[str, Any] = {"id": str(given or run_id), "name": name, **run_fields}
        if parent in self._inherited:
            head["parent_run"], head["parent_step"] = self._inherited[parent]
        is_call = kind in CALLS
        if not is_call:
            step.number = 0
            step.kind = "run"
            head |= fields
        self.lines.write(run, None, "run.start", head)
        if is_call:
            self._write_start(step, fields)
        step.began = now_ns()

    def _register(
        self, key: Hashable, kind: str, name: str | None, run: RunState, parent: Open | None
    ) -> Open:
        step = Open(key, kind, name, run, parent)
        step.began = now_ns()
        self._steps[key] = step
        run.open[key] = step
        return step

    def _write_start(self, step: Open, fields: Fields, *, late: bool = False) -> None:
        if step.number is None:
            step.number = step.run.next_number()
            self._count(step.run, step.kind)
        step.model = fields.get("model")
        record: Record = {"name": step.name, **fields} if step.name else dict(fields)
        if self.settings.detail == "calls" and "node" not in record:
            record["node"] = step.node
        if late:
            record["late_ms"] = _ms(now_ns() - step.began)
        self.lines.write(step.run, step.number, f"{step.kind}.start", record, parent=step.written_parent)

    def _count(self, run: RunState, kind: str) -> None:
        run.totals.count(kind)
        self._all.count(kind)

    # -- ends

    def _late_or_lost(self, key: Hashable, kind: str | None, parent: Hashable) -> Open | None:
        late = self._ended.take_implied(key)
        if late is not None or self._ended.get(key) is not None or key in self._inherited or kind is None:
            return late
        above = self._steps.get(parent) or self._ended.get(parent)
        if above is None:
            return None
        lost = Open(key, kind, None, above.run, above)
        self._ended.add(lost, implied=False)
        return lost

    def _finish(self, step: Open, status: str | None, error: BaseException | None, fields: Fields) -> None:
        if self._steps.pop(step.key, None) is None:
            return  # another thread ended it at this moment
        run = step.run
        run.open.pop(step.key, None)
        self._end_descendants(step, status, error)
        self._ended.add(step, implied="implied" in fields)
        self._write_end(step, status, error, fields)
        if run.root is step:
            self._end_run(step, status, error, fields)

    def _end_descendants(self, step: Open, status: str | None, error: BaseException | None) -> None:
        """What is still open below an ended step never got its end from the framework (frameworks.md A4)."""
        if not step.run.open:
            return
        below = [o for o in tuple(step.run.open.values()) if step in o.ancestors()]
        implied = status or ("cancelled" if error is not None else "abandoned")
        for inner in reversed(below):
            if self._steps.pop(inner.key, None) is None:
                continue
            step.run.open.pop(inner.key, None)
            self._ended.add(inner, implied=True)
            if inner.number is not None:
                inner_status = "cancelled" if implied == "error" else implied
                self._write_end(inner, inner_status, None, {"implied": True})

    def _write_end(
        self,
        step: Open,
        status: str | None,
        error: BaseException | None,
        fields: Fields,
        *,
        late: bool = False,
    ) -> None:
        run = step.run
        failed = error is not None and status is None
        is_origin = error is not None and id(error) not in run.errors
        if step.number == 0 or (step.number is None and not (failed and is_origin) and step.began):
            return
        record: Record = {}
        if step.number is None and step.began:
            self._write_start(step, _NO_FIELDS, late=True)
        elif step.number is None:
            step.number = run.next_number()
            self._count(run, step.kind)
            record["start_lost"] = True
        if step.began:
            record["ms"] = _ms(now_ns() - step.began)
        record["status"] = "error" if failed else status
        if error is not None:
            record["error"] = self._error(run, step, error)
        if step.first_ns:
            record["ttft_ms"] = _ms(step.first_ns - step.began)
        record |= fields
        if record.get("model") == step.model:
            record.pop("model", None)
        self._add_up(step, record, failed=failed and is_origin, late=late)
        up = step.written_parent if "start_lost" in record else None
        self.lines.write(run, step.number, f"{step.kind}.end", record, parent=up)

    def _add_up(self, step: Open, record: Record, *, failed: bool, late: bool) -> None:
        for totals in (step.run.totals, self._all):
            if failed or (record.get("status") == "error" and "error" not in record):
                totals.count_error()
            if step.kind in CALLS and not record.get("cached"):
                totals.add_usage(record.get("usage") or {})
            if step.kind == "llm":
                totals.add_model(record.get("model") or step.model)
        if late and step.run.hex not in self._runs:
            step.run.once.forget()  # a run that was over already must not hold its messages again

    def _error(self, run: RunState, step: Open, error: BaseException) -> Record:
        found = describe(error)
        origin = run.errors.get(id(error))
        if origin is None:
            run.errors[id(error)] = step.number or 0
        else:
            found.pop("stack", None)
            found["step"] = origin
        return found

    def _end_run(self, root: Open, status: str | None, error: BaseException | None, fields: Fields) -> None:
        run = root.run
        record: Record = {"ms": _ms(now_ns() - root.began), "status": status or ("error" if error else None)}
        if error is not None:
            if not root.number and id(error) not in run.errors:
                run.totals.count_error()
                self._all.count_error()
            record["error"] = self._error(run, root, error)
        record |= {name: fields[name] for name in ("output", "input", "implied") if name in fields}
        record["totals"] = run.totals.as_dict()
        self.lines.write(run, None, "run.end", record)
        self._runs.pop(run.hex, None)
        run.once.forget()
        run.errors = {}
        self._past[run.hex] = run.totals
        if len(self._past) > _MOST_RUNS_REMEMBERED:
            self._past.pop(next(iter(tuple(self._past))), None)


def _ms(ns: int) -> float:
    return round(ns / 1e6, 3)
