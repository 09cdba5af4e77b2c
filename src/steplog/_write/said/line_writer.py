"""Records and what was told with them to lines: content policy, limits, and when the run's memory learns of a line."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, Protocol

from orjson import dumps

from steplog._format.line import DELETE, encode, escaped
from steplog._format.record import CUT, Record
from steplog._write.disk.appender import Appender
from steplog._write.guard import STDERR, contained
from steplog._write.safe.exceptions import describe
from steplog._write.safe.secrets import CLEAN, is_environment_new, know_secrets, look_again
from steplog._write.safe.walk import Walk
from steplog._write.said.content_fields import finish, walk_all
from steplog._write.said.fields import PUTS, not_understood
from steplog._write.said.line import Line
from steplog._write.said.plain_fields import error_fields, put_integer, put_text, put_texts
from steplog._write.said.run_memory import BoundReachedError, RunMemory
from steplog._write.said.shortening import shorter
from steplog._write.settings.settings import Settings

_MOST_REPORTS: Final = 100
_TEXT: Final = frozenset({str})
_FAR: Final = 2**53  # beyond, a number may be more than JSON holds
_ENVELOPE: Final = 512  # bytes of a line that `seq`, `ts` and the like take


class Run(Protocol):
    """What a line's run remembers between its lines."""

    @property
    def hex(self) -> str:
        """The 16 digits by which lines name it."""
        ...

    @property
    def memory(self) -> RunMemory:
        """What its log has in full."""
        ...

    @property
    def masked(self) -> dict[str, int]:
        """How many secrets of each kind were masked in it."""
        ...


class LineWriter:
    """Writes records; counts what was masked and cut."""

    def __init__(self, settings: Settings, appender: Appender, counts: Counts | None = None) -> None:
        """Write under `settings` to `appender`."""
        self.settings = settings
        self.appender = appender
        self._clean: set[str] = CLEAN if settings.redactor is None else set()
        self._most = settings.max_line_bytes - _ENVELOPE
        if settings.redact:
            know_secrets(settings.redact_values)
        self.counts = Counts() if counts is None else counts
        self._reports = 0

    def write(  # noqa: C901, PLR0912, PLR0915 - one function, as each line comes by here and calls would be felt
        self,
        run: Run,
        record: Record,
        fields: Mapping[str, Any],
        after: Line | None = None,
        *,
        hold: bool = False,
    ) -> Line | None:
        """The line that `record` begins; in the kernel on return.

        `record` is of names and numbers made here, `fields` are what an adapter or a program told; the line has them in
        the forms of the format, and what that has no place for under `extra`. Most fields are names met before and small
        numbers, and put at once. With `hold` the line is not written but given, to be handed to the next call as `after`:
        both go with one write.
        """
        if (fields or "totals" in record) and is_environment_new():
            look_again()
        own, clean, puts = len(record), self._clean, PUTS[record["ev"]]
        line: Line | None = None
        for name, value in fields.items():
            if value is None:
                continue
            put, cls = puts.get(name, not_understood), type(value)
            if (cls is str and put is put_text and value in clean) or (
                cls is int and put is put_integer and -_FAR < value < _FAR
            ):
                record[name] = value
                continue
            if cls is list and put is put_texts and (names := _met_before(value, clean)):
                record[name] = names
                continue
            if line is None:
                line = Line(self.settings, run.memory, record, after)
            try:
                put(line, name, value)
            except Exception as error:  # noqa: BLE001 - it costs the field, and what it had put into the line's memory
                line.messages, line.places = {}, {}
                self.report(f"{record['ev']} {name}", error)
        if line is not None and line.needs_look:
            finish(line)
        if record["ev"] == "run.end":
            line = self._with_end_of_run(run, record, line, after)
        try:
            body = dumps(record)
        except TypeError:  # lone surrogates, or another thread changed a value after it was looked at
            line = line or Line(self.settings, run.memory, record, after)
            walk_all(line)
            body = encode(record)
        if DELETE in body or not body.isascii():
            body = escaped(body)
        if len(body) > self._most:
            # A line that came out too long is made anew by a writer of shorter texts.
            if (fitting := shorter(self.settings, record, len(body), self._most)) is not None:
                again = LineWriter(fitting, self.appender, self.counts)
                return again.write(run, dict(islice(record.items(), own)), fields, after, hold=hold)
            line = line or Line(self.settings, run.memory, record, after)
            body = self._sized(line)
        if hold:
            return (line or Line(self.settings, run.memory, record, after)).encoded_as(body)
        if after is not None:
            return self._write_both(run, after, body, line)
        self.appender.append(body)
        # Only now: another thread must not point at what no file has yet.
        if line is not None and (run.memory.add(line) or line.walk is not None):
            self._count(run, line)
        return None

    def _with_end_of_run(
        self, run: Run, record: Record, line: Line | None, after: Line | None
    ) -> Line | None:
        """The line, its record with the names of the run's models as they may be shown, and with what was masked in the run."""
        models = record.get("totals", {}).get("models")
        if models and _met_before(models, self._clean) is None:
            line = line or Line(self.settings, run.memory, record, after)
            record["totals"]["models"] = line.walker().name(models)
        if masked := _sum(run.masked, line, after):
            record["masked"] = masked
        return line

    def _write_both(self, run: Run, after: Line, body: bytes, line: Line | None) -> None:
        self.appender.append(after.body, body)
        for one in (after, line):
            if one is not None and (run.memory.add(one) or one.walk is not None):
                self._count(run, one)

    def _count(self, run: Run, line: Line) -> None:
        """Add up what was masked and cut; say when the memory is full for the first time."""
        if line.walk is not None:
            self.counts.add(run, line.walk)
        memory = run.memory
        if memory.is_full:
            memory.forget()
            if not memory.is_bound_told:
                memory.is_bound_told = True
                words = f"run {run.hex} has said so much that it is forgotten, and written in full where it is repeated"
                self.report("run memory", BoundReachedError(words))

    def close(self) -> None:
        """Write the closing mark with what was masked and cut."""
        self.appender.close({"cut": self.counts.cut or None, "masked": self.counts.masked or None})

    def report(self, where: str, error: BaseException) -> None:
        """Write a failure of ours as `log.error`, the first hundred of them; never raises."""
        self._reports += 1
        if self._reports > _MOST_REPORTS:
            return
        contained(STDERR, where, self._write_report, where, error)

    def _write_report(self, where: str, error: BaseException) -> None:
        found = error_fields(Walk(self.settings), describe(error))
        self.appender.append(encode({"ev": "log.error", "where": where, "error": found}))

    def _sized(self, line: Line) -> bytes:
        """The line with sizes in place of its largest fields."""
        record = line.record
        sizes = {name: len(encode({"": value})) for name, value in record.items()}
        for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
            record[name] = {CUT: {"bytes": sizes[name], "setting": "max_line_bytes"}}
            if len(encode(record)) <= self._most:
                break
        line.walker().cut += 1
        line.messages, line.places = {}, {}  # what was taken out again must not be pointed at
        return encode(record)


class Counts:
    """What the lines of one log had masked, by kind, and cut."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.masked: dict[str, int] = {}
        self.cut = 0

    def add(self, run: Run, walk: Walk) -> None:
        """Add up what a line of `run` had masked and cut."""
        self.cut += walk.cut
        for kind, n in walk.masked.items():
            run.masked[kind] = run.masked.get(kind, 0) + n
            self.masked[kind] = self.masked.get(kind, 0) + n


def _met_before(value: list[Any], clean: set[str]) -> list[str] | None:
    """A copy of a list of names that were all met before; None for any other list."""
    names = value.copy()  # it is to be written as it was looked at
    return names if _TEXT.issuperset(map(type, names)) and clean.issuperset(names) else None


def _sum(masked: Mapping[str, int], *lines: Line | None) -> dict[str, int]:
    """What is masked so far, that of lines included which are not written yet."""
    found = dict(masked)
    for line in lines:
        for kind, n in line.walk.masked.items() if line is not None and line.walk is not None else ():
            found[kind] = found.get(kind, 0) + n
    return found
