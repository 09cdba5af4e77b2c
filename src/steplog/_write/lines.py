"""One record of fields to one line: content policy, numbers for what is known, limits, and the order of commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import CUT, Json, Record
from steplog._write.append import Appender
from steplog._write.errors import describe
from steplog._write.guard import STDERR, contained
from steplog._write.labels import labelled
from steplog._write.numbered import NumberedWalk
from steplog._write.once import LONG, Fresh
from steplog._write.plain import Walk
from steplog._write.redact import CLEAN
from steplog._write.settings import Settings
from steplog._write.state import RunState

# Fields whose texts are what the program said; all others are names and numbers.
_CONTENT: Final = ("input", "output", "args", "result", "query", "documents", "value", "data", "metadata")
_COUNTS: Final = frozenset(("usage", "totals"))  # made here and by the adapters, of names and numbers only
_NOT_IN_NONE: Final = (*_CONTENT, "messages", "message", "tools", "tool_defs")
_NUMBERS: Final = (int, float)
_FAR: Final = 2**53  # beyond, a number may be more than JSON holds; NaN compares as beyond
_FEW_NAMES: Final = 128  # characters of tool names that are shorter than a pointer to where they stand
_SIZED_BY_TOKENS: Final = ("run.start", "run.end", "llm.start")
_SMALLER: Final = (4096, 512)  # characters a text may keep in a line that came out too long
_MOST_REPORTS: Final = 100
_ENVELOPE: Final = 512


class LineWriter:
    """Writes records; counts what was masked and cut."""

    def __init__(self, settings: Settings, appender: Appender) -> None:
        """Write under `settings` to `appender`."""
        self.settings = settings
        self.appender = appender
        self._smaller = [
            replace(settings, max_value_bytes=n) for n in _SMALLER if n < settings.max_value_bytes
        ]
        self.masked: dict[str, int] = {}
        self.cut = 0
        self._reports = 0

    def write(
        self,
        run: RunState,
        step: int | None,
        ev: str,
        fields: Mapping[str, Any],
        *,
        parent: int | None = None,
    ) -> None:
        """One line about a step, or about the run itself where `step` is None; in the kernel on return."""
        if ev == "run.start":
            fields = contained(self, "labels", labelled, run.hex, fields) or fields
        record, walk = self._record(self.settings, run, step, ev, fields, parent)
        body = encode(record)
        if len(body) > self.settings.max_line_bytes - _ENVELOPE:
            record, body, walk = self._shortened(run, step, ev, fields, parent)
        self.appender.append(body)
        if walk is None:
            return
        # Only now: another thread must not point at what no file has yet.
        run.once.commit(walk.fresh)
        self.cut += walk.cut
        for kind, n in walk.masked.items():
            run.masked[kind] = run.masked.get(kind, 0) + n
            self.masked[kind] = self.masked.get(kind, 0) + n

    def close(self) -> None:
        """Write the closing mark with what was masked and cut."""
        self.appender.close({"cut": self.cut or None, "masked": self.masked or None})

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours as `log.error`, the first hundred of them; never raises."""
        self._reports += 1
        if self._reports > _MOST_REPORTS:
            return
        contained(STDERR, where, self._write_report, where, error)

    def _write_report(self, where: str, error: BaseException) -> None:
        found = _error(Walk(self.settings), describe(error))
        self.appender.append(encode({"ev": "log.error", "where": where, "error": found}))

    def _record(
        self,
        settings: Settings,
        run: RunState,
        step: int | None,
        ev: str,
        fields: Mapping[str, Any],
        parent: int | None,
    ) -> tuple[Record, NumberedWalk | None]:
        walk: NumberedWalk | None = None  # most lines are names and numbers, which need none
        record: Record = {"run": run.hex}
        if step:
            record["step"] = step
        if parent:
            record["parent"] = parent
        record["ev"] = ev
        is_redacted_here = settings.redactor is None
        for name, value in fields.items():
            if value is None:
                continue
            cls = type(value)
            if cls is str:
                is_plain = is_redacted_here and value in CLEAN and name not in _CONTENT
            elif cls is list:
                is_plain = is_redacted_here and name == "triggers" and CLEAN.issuperset(value)
            else:
                is_plain = cls is bool or name in _COUNTS or (cls in _NUMBERS and -_FAR < value < _FAR)
            if is_plain:
                record[name] = value
            else:
                walk = walk or NumberedWalk(settings, run.once, step or 0)
                self._put(record, walk, name, value)
        if walk is not None and settings.content == "none":
            _leave_out(record, walk)
        if ev == "run.end" and (masked := _sum(run.masked, walk.masked if walk else {})):
            record["masked"] = masked
        return record, walk

    def _put(self, record: Record, walk: NumberedWalk, name: str, value: Any) -> None:
        if name == "messages":
            record["prompt"], new = walk.prompt(value)
            if new:
                record["messages"] = new
        elif name == "others":
            _, record["messages"] = walk.prompt(value)
        elif name in _READ_AS:
            plain = _READ_AS[name](walk, name, value)
            if plain is not None:
                record[name] = plain
        else:
            plain = walk.name(value)
            if plain not in ({}, [], ""):
                record[name] = plain

    def _shortened(
        self, run: RunState, step: int | None, ev: str, fields: Mapping[str, Any], parent: int | None
    ) -> tuple[Record, bytes, NumberedWalk | None]:
        """The record with shorter texts, at last with sizes in place of its largest fields."""
        most = self.settings.max_line_bytes - _ENVELOPE
        record, walk = self._record(self.settings, run, step, ev, fields, parent)
        for settings in self._smaller:
            record, walk = self._record(settings, run, step, ev, fields, parent)
            body = encode(record)
            if len(body) <= most:
                return record, body, walk
        sizes = {name: len(encode({"": value})) for name, value in record.items()}
        for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
            record[name] = {CUT: {"bytes": sizes[name]}}
            body = encode(record)
            if len(body) <= most:
                break
        walk = walk or NumberedWalk(self.settings, run.once, step or 0)
        walk.cut += 1
        # What was taken out again must not be pointed at.
        walk.fresh = Fresh()
        return record, encode(record), walk


def _error(walk: Walk, error: Mapping[str, Any]) -> Record:
    """An error's fields: its message and the provider's words are content, its type and stack are names."""
    out: Record = {}
    for name, value in error.items():
        if name == "message":
            out[name] = walk.text(value, ()) if len(value) > LONG else walk.value(value, 1, ())
        else:
            out[name] = walk.name(value)
    return out


def _tools(walk: NumberedWalk, name: str, value: Any) -> Json:
    plain = walk.name(value)
    return plain if sum(map(len, value)) < _FEW_NAMES else walk.pointed_at(name, plain)


_READ_AS: Final[dict[str, Callable[[NumberedWalk, str, Any], Json]]] = {
    **dict.fromkeys(_CONTENT, NumberedWalk.field),
    "message": NumberedWalk.message,
    "tool_defs": NumberedWalk.unseen,
    "tools": _tools,
    "error": lambda walk, _, value: _error(walk, value),
}


def _leave_out(record: Record, walk: NumberedWalk) -> None:
    """With content="none", content as its size: what stays is what a bill or a timeline needs."""
    for name in _NOT_IN_NONE:
        found = record.pop(name, None)
        if name == "documents" and type(found) is list:
            record[name] = [{k: d[k] for k in ("id", "score") if k in d} for d in found if type(d) is dict]
    if walk.left_out and record["ev"] not in _SIZED_BY_TOKENS and "usage" not in record:
        record["chars"] = walk.left_out


def _sum(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {kind: one.get(kind, 0) + two.get(kind, 0) for kind in (*one, *(k for k in two if k not in one))}
