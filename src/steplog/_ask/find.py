"""The runs that a query asks for: what a run says of itself is looked at first, its steps only where they must be."""

from __future__ import annotations

from copy import copy
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from steplog._ask.moments import moment_meant
from steplog._ask.patterns import Pattern
from steplog._ask.prices import INSTALL, price_sources
from steplog._ask.query import query_of
from steplog._ask.run_costs import costs_of_runs
from steplog._ask.said import CUT_OFF
from steplog._ask.scan import as_written, lines_with, literal
from steplog._ask.walk import texts
from steplog._format.record import ENVELOPE
from steplog._read.errors import LogError
from steplog._show.preview import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from steplog._ask.query import Choice, Query
    from steplog._format.record import Json
    from steplog._read.log import Log
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_CUT: Final = "cut"


def find(log: Log, query: Query, *, newest_first: bool = False) -> Iterator[Run]:
    """The runs of the log that the query asks for, oldest or newest first, each read when it is reached.

    A run whose models have no price costs nothing, as far as `min_cost` goes. Raises: LogError if that is asked for and
    there are no prices at all.
    """
    checks = list(_checks(log, query))
    for run in log.iter_runs(newest_first=newest_first):
        if all(check(run) for check in checks):
            yield run


def total_tokens(run: Run) -> int:
    """What a run's models read and wrote, in tokens."""
    counts = (run.totals.get(name) for name in ("input_tokens", "output_tokens"))
    return sum(count for count in counts if isinstance(count, int))


def _checks(log: Log, query: Query) -> Iterator[Callable[[Run], bool]]:
    """One check a word, the cheap ones first."""
    yield from checks_of_run(query)
    yield from _checks_of_places(log, query)
    if query.error or query.tool_failed:
        yield lambda run: bool(run.totals.get("errors")) or run.status == "error"
    if query.tag or query.meta or query.error or query.tool_failed:
        yield lambda run: _content_fits(copy(run), query)  # the copy's content goes with it
    if query.min_cost is not None:
        if not price_sources():
            raise LogError(f"min-cost: {INSTALL}")
        costs, least = costs_of_runs(log), query.min_cost
        yield lambda run: float(costs(run) or 0) >= least
    for word in query.without:
        yield _fits_not(list(_checks(log, query_of([word]))))


def _fits_not(checks: list[Callable[[Run], bool]]) -> Callable[[Run], bool]:
    return lambda run: not all(check(run) for check in checks)


def labels_fit(run: Run, query: Query) -> bool:
    """Whether the run has the tags and the metadata that are asked for."""
    if not _all_fit(query.tag, tuple(map(as_text, run.tags))):
        return False
    return not query.meta or _all_fit(query.meta, tuple(_pairs(run.metadata)))


def checks_of_run(query: Query) -> Iterator[Callable[[Run], bool]]:
    """What a run says of itself."""
    if query.since or query.until:
        yield _in_time(query)
    for choices, value in ((query.status, _status), (query.name, _name), (query.thread, _thread)):
        if choices:
            part = value is _name
            yield lambda run, choices=choices, value=value, part=part: any(
                _fits(choice, (value(run),), part=part) for choice in choices
            )
    if query.min_ms is not None:
        yield lambda run: (run.ms or 0) >= (query.min_ms or 0)
    if query.min_tokens is not None:
        yield lambda run: total_tokens(run) >= (query.min_tokens or 0)
    if query.label or query.unlabelled:
        yield lambda run: (not (query.unlabelled and run.labels)) and _all_fit(query.label, run.labels)
    if query.model:
        yield lambda run: _all_fit(query.model, _models(run), part=True)


def _checks_of_places(log: Log, query: Query) -> Iterator[Callable[[Run], bool]]:
    """What stands in a run's lines, found by their bytes in the whole log at once."""
    for choice in query.tool:
        yield _is_one_of(_runs_with_tool(log, choice))
    for choice in query.finish:
        yield _is_one_of(_runs_that_finished(log, choice))
    for choice in query.text:
        yield _is_one_of(run for phrase in choice for run in _runs_with_text(log, phrase))


def _is_one_of(ids: Iterable[str]) -> Callable[[Run], bool]:
    wanted = frozenset(ids)
    return lambda run: run.id in wanted


def _status(run: Run) -> str:
    return run.status


def _name(run: Run) -> str:
    return run.name


def _thread(run: Run) -> str:
    return run.thread


def _models(run: Run) -> tuple[str, ...]:
    models = run.totals.get("models")
    return tuple(map(str, models)) if isinstance(models, list) else ()


def _in_time(query: Query) -> Callable[[Run], bool]:
    since = moment_meant(query.since) if query.since else None
    until = moment_meant(query.until) if query.until else None

    def fits(run: Run) -> bool:
        return run.started is not None and not (
            (since is not None and run.started < since) or (until is not None and run.started >= until)
        )

    return fits


def _fits(choice: Choice, values: Iterable[str], *, part: bool = False) -> bool:
    """Whether one of the values is one of the choice, or with `part` has one of it somewhere, whatever the case."""
    if part:
        return any(wanted.lower() in value.lower() for value in values for wanted in choice)
    return any(value == wanted or fnmatchcase(value, wanted) for value in values for wanted in choice)


def _all_fit(choices: Iterable[Choice], values: tuple[str, ...], *, part: bool = False) -> bool:
    return all(_fits(choice, values, part=part) for choice in choices)


def _runs_with_tool(log: Log, choice: Choice) -> Iterator[str]:
    plain = choice[0] if len(choice) == 1 and "*" not in choice[0] and choice[0].isascii() else ""
    needle = literal(as_written(plain) if plain else b'"tool.')
    for found in lines_with(needle, log.segments):
        record = found.line.record
        if record["ev"].startswith("tool.") and _fits(choice, (str(record.get("name", "")),)):
            yield str(record.get("run"))


def _runs_with_text(log: Log, phrase: str) -> Iterator[str]:
    pattern = Pattern(phrase)
    for found in lines_with(pattern.needle, log.segments):
        record = found.line.record
        fields = ((name, value) for name, value in record.items() if name not in ENVELOPE)
        if "run" in record and any(True for _, text in texts(fields) for _ in pattern.places(text)):
            yield record["run"]


def _runs_that_finished(log: Log, choice: Choice) -> Iterator[str]:
    for found in lines_with(literal(b'"finish_reason"'), log.segments):
        reason = found.line.record.get("finish_reason")
        if isinstance(reason, str) and _fits(
            choice, (reason, _CUT) if reason.lower() in CUT_OFF else (reason,)
        ):
            yield str(found.line.record.get("run"))


def _content_fits(run: Run, query: Query) -> bool:
    if not labels_fit(run, query):
        return False
    steps = run.steps if query.error or query.tool_failed else ()
    if query.error and not _all_fit(query.error, tuple(_errors(run, steps)), part=True):
        return False
    return not query.tool_failed or any(_failed(step, query.tool) for step in steps)


def _pairs(metadata: Mapping[str, Json]) -> Iterator[str]:
    return (f"{key}={as_text(value)}" for key, value in metadata.items())


def _errors(run: Run, steps: Iterable[Step]) -> Iterator[str]:
    for error in (run.error, *(step.error for step in steps)):
        if error is not None:
            yield f"{as_text(error.get('type'))}: {as_text(error.get('message'))}"


def _failed(step: Step, tools: Iterable[Choice]) -> bool:
    wanted = all(_fits(choice, (step.name,)) for choice in tools)
    return step.kind == "tool" and step.status == "error" and wanted


def ids_of(log: Log, query: Query) -> frozenset[str] | None:
    """The ids of the runs that the query asks for; None where it asks for all."""
    return frozenset(run.id for run in find(log, query)) if query else None
