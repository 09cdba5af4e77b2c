"""One record of fields to one line: content policy, numbers for what is known, limits, and the order of commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any, Final, Protocol

from orjson import dumps

from steplog._format.line import DELETE, encode, escaped
from steplog._format.record import CUT, FIELD_NAMES, Record
from steplog._write.disk.appender import Appender
from steplog._write.guard import STDERR, contained
from steplog._write.safe.exceptions import describe
from steplog._write.safe.plain_names import is_plain_name
from steplog._write.safe.quick_check import is_of_numbers
from steplog._write.safe.secrets import CLEAN, know_secrets, look_again
from steplog._write.safe.walk import Walk
from steplog._write.said.fields import PUT, SAFE, Content, error_fields
from steplog._write.said.numbered_walk import NumberedWalk
from steplog._write.said.run_memory import Once
from steplog._write.said.shortening import shorter
from steplog._write.settings.settings import Settings

_NUMBERS: Final = (int, float, bool)
_FAR: Final = 2**53  # beyond, a number may be more than JSON holds; NaN compares as beyond
_MOST_REPORTS: Final = 100
_ENVELOPE: Final = 512


class Run(Protocol):
    """What a line's run remembers between its lines."""

    @property
    def once(self) -> Once:
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
        self._clean: Collection[str] = CLEAN if settings.redactor is None else ()
        self._most = settings.max_line_bytes - _ENVELOPE
        self.counts = Counts() if counts is None else counts
        if settings.redact:
            know_secrets(settings.redact_values)
        self._reports = 0

    def write(  # noqa: C901, PLR0912, PLR0915 - one function, as each line comes by here and calls would be felt
        self, run: Run, record: Record, fields: Mapping[str, Any]
    ) -> None:
        """The line that `record` begins, of names and numbers made here, with these fields; in the kernel on return."""
        look_again()
        content: Content | None = None
        own, settings, clean = len(record), self.settings, self._clean
        for name, value in fields.items():
            if value is None:
                continue
            if name not in PUT:
                cls = type(value)
                if cls is str:
                    is_plain = value in clean or is_plain_name(value, settings)
                elif cls in _NUMBERS:
                    is_plain = -_FAR < value < _FAR
                elif cls is list:
                    value = value.copy()  # noqa: PLW2901 - it is to be written as it was looked at
                    is_plain = is_plain_name(value, settings)
                else:
                    is_plain = name in SAFE and is_of_numbers(value, settings)
                if is_plain and name in FIELD_NAMES:
                    record[name] = value
                    continue
            if content is None:
                content = Content(settings, run.once, record)
            PUT.get(name, Content.name)(content, name, value)
        if content is not None and (content.texts or settings.content == "none"):
            content.close()
        if record["ev"] == "run.end" and (masked := _sum(run.masked, _masked_in(content))):
            record["masked"] = masked
        try:
            body = dumps(record)
        except TypeError:  # lone surrogates, or another thread changed a value after it was looked at
            content = content or Content(settings, run.once, record)
            body = content.encoded_anew()
        if DELETE in body or not body.isascii():
            body = escaped(body)
        if len(body) > self._most:
            if (fitting := shorter(settings, record, len(body), self._most)) is not None:
                again = LineWriter(fitting, self.appender, self.counts)
                again.write(run, dict(islice(record.items(), own)), fields)
                return
            content = content or Content(settings, run.once, record)
            body = self._sized(record, content)
        self.appender.append(body)
        if content is not None:
            # Only now: another thread must not point at what no file has yet.
            if content.fresh is not None:
                run.once.commit(content.fresh)
            if content.walk is not None:
                self.counts.add(run, content.walk)

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

    def _sized(self, record: Record, content: Content) -> bytes:
        """The line with sizes in place of its largest fields."""
        sizes = {name: len(encode({"": value})) for name, value in record.items()}
        for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
            record[name] = {CUT: {"bytes": sizes[name], "setting": "max_line_bytes"}}
            if len(encode(record)) <= self._most:
                break
        content.cut_down()
        return encode(record)


class Counts:
    """What the lines of one log had masked, by kind, and cut."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.masked: dict[str, int] = {}
        self.cut = 0

    def add(self, run: Run, walk: NumberedWalk) -> None:
        """Add up what a line of `run` had masked and cut."""
        self.cut += walk.cut
        for kind, n in walk.masked.items():
            run.masked[kind] = run.masked.get(kind, 0) + n
            self.masked[kind] = self.masked.get(kind, 0) + n


def _masked_in(content: Content | None) -> Mapping[str, int]:
    return {} if content is None or content.walk is None else content.walk.masked


def _sum(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {kind: one.get(kind, 0) + two.get(kind, 0) for kind in (*one, *(k for k in two if k not in one))}
