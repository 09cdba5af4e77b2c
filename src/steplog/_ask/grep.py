"""Where a phrase stands in what was logged: prompts, answers, arguments, results, errors."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._ask.scan import lines_with
from steplog._ask.starts import start_of
from steplog._ask.walk import Way, texts, way_text
from steplog._format.record import CHAIN, ENVELOPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from steplog._ask.patterns import Pattern
    from steplog._format.record import Record
    from steplog._read.log import Log

_NOT_SEARCHED: Final = frozenset({*ENVELOPE, CHAIN, "prompt", "totals", "usage"})
_AROUND: Final = 60  # characters shown on each side of what was found


@dataclass(frozen=True, slots=True)
class Hit:
    """One text that has what was looked for: run, step (0 is the run itself), its kind and name, and the field.

    `times` is how often it stands there. `excerpt` is the place: the line of the text, shortened, or with `context` that
    many lines on each side, whole. `message` is the number of the message it stands in, None if it is no message. `ts` is
    when the line was written.
    """

    run: str
    step: int
    kind: str
    name: str
    field: str
    excerpt: str
    times: int
    message: int | None
    ts: str

    def as_json(self) -> dict[str, Any]:
        """The hit as plain JSON; absent what is unknown."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}


def grep(
    log: Log,
    pattern: Pattern,
    *,
    runs: Collection[str] | None = None,
    kinds: Collection[str] = (),
    tools: Collection[str] = (),
    fields: Collection[str] = (),
    context: int | None = None,
    limit: int | None = None,
) -> Iterator[Hit]:
    """Every place of the log that has the pattern, oldest first; with `limit` the newest so many.

    `runs`: only in runs of these ids. `kinds`: only in steps of these kinds (`run` for the run's own lines). `tools`:
    only in calls of these tools. `fields`: only in fields of these names, at any depth. A text that was written once and
    shown many times is one place; `shown` lists the calls that saw it.
    """
    hits = _hits(log, pattern, runs, _Where(kinds, tools, fields), context)
    return hits if limit is None else iter(deque(hits, maxlen=limit))


@dataclass(frozen=True, slots=True)
class _Where:
    kinds: Collection[str]
    tools: Collection[str]
    fields: Collection[str]

    def has_field(self, way: Way) -> bool:
        return not self.fields or any(part in self.fields for part in way) or way_text(way) in self.fields


def _hits(
    log: Log, pattern: Pattern, runs: Collection[str] | None, where: _Where, context: int | None
) -> Iterator[Hit]:
    for found in lines_with(pattern.needle, log.segments):
        record = found.line.record
        run, kind = record.get("run"), record["ev"].partition(".")[0]
        if (
            kind == "log"
            or (runs is not None and run not in runs)
            or (where.kinds and kind not in where.kinds)
        ):
            continue
        if where.tools and kind != "tool":
            continue
        places = [place for place in _places(record, pattern) if where.has_field(place[0])]
        if not places:
            continue
        name = _name(start_of(found, log))
        if where.tools and name not in where.tools:
            continue
        for way, text, first, times in places:
            yield Hit(
                run=str(run),
                step=record.get("step") or 0,
                kind=kind,
                name=name,
                field=way_text(way),
                excerpt=_excerpt(text, first, context),
                times=times,
                message=_message(record, way),
                ts=str(record.get("ts", "")),
            )


def _places(record: Record, pattern: Pattern) -> Iterator[tuple[Way, str, tuple[int, int], int]]:
    """The texts that have the pattern: the way there, the text, where it stands first, and how often it stands there."""
    searched = ((name, value) for name, value in record.items() if name not in _NOT_SEARCHED)
    for way, text in texts(searched):
        spans = pattern.places(text)
        first = next(spans, None)
        if first is not None:
            yield way, text, first, 1 + sum(1 for _ in spans)


def _message(record: Record, way: Way) -> int | None:
    """The number of the innermost message on the way to a text."""
    number: int | None = None
    value: Any = record
    for part in way:
        value = cast("Any", value)[part] if isinstance(value, dict | list) else value
        found = value.get("m") if isinstance(value, dict) else None
        number = found if isinstance(found, int) else number
    return number


def _name(start: Record) -> str:
    return str(start.get("name") or start.get("model") or "")


def _excerpt(text: str, span: tuple[int, int], context: int | None) -> str:
    first = text.rfind("\n", 0, span[0]) + 1
    last = text.find("\n", span[1])
    last = len(text) if last < 0 else last
    if context is None:
        start, end = max(first, span[0] - _AROUND), min(last, span[1] + _AROUND)
        return "…" * (start > first) + text[start:end] + "…" * (end < last)
    for _ in range(context):
        first = text.rfind("\n", 0, max(first - 1, 0)) + 1
        after = text.find("\n", last + 1)
        last = len(text) if after < 0 else after
    return text[first:last]


@dataclass(frozen=True, slots=True)
class Shown:
    """A model call that saw what was looked for: the step of the run, its model, and the messages that had it."""

    run: str
    step: int
    model: str
    messages: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """The call as plain JSON."""
        return {"run": self.run, "step": self.step, "model": self.model, "messages": list(self.messages)}


def shown(log: Log, pattern: Pattern, hits: Iterable[Hit]) -> Iterator[Shown]:
    """Every model call whose prompt had the pattern in a message, in the runs of `hits`."""
    wanted = {hit.run for hit in hits}
    for run in log.runs:
        if run.id not in wanted:
            continue
        saying = {
            message["m"]
            for message in run.messages
            if any(True for _, text in texts(message.items()) for _ in pattern.places(text))
        }
        for step in run.steps if saying else ():
            numbers = tuple(
                number for number in step.prompt_numbers if isinstance(number, int) and number in saying
            )
            if numbers:
                yield Shown(run.id, step.number, str(step.fields.get("model", "")), numbers)
