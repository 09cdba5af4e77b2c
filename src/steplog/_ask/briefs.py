"""Answers over many runs within a number of tokens, marked as data: what the commands say with `--budget`, and the MCP tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._ask.diff import diff
from steplog._ask.errors import ErrorKind, errors
from steplog._ask.find import find
from steplog._ask.grep import grep
from steplog._ask.patterns import Pattern
from steplog._ask.query import parse
from steplog._ask.recurring import noted_failures
from steplog._ask.sql import sql
from steplog._ask.stats import Figures, stats
from steplog._ask.version_diff import version_diff
from steplog._ask.versions import version_meant, versions
from steplog._read.errors import NotFound
from steplog._show.diff_page import diff_lines
from steplog._show.look import PLAIN
from steplog._show.note_lines import note_line
from steplog._show.preview import as_text
from steplog._show.quoted import quoted
from steplog._show.table import table_lines
from steplog._show.terminal_text import as_json, one_line
from steplog._show.units import clock, dollars, duration
from steplog._show.version_page import version_diff_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from steplog._ask.grep import Hit
    from steplog._read.log import Log
    from steplog._read.runs.run import Run

_ID: Final = 8
_CELLS: Final = 160
_ROWS: Final = 200
_HITS: Final = 50
_LOOK: Final = PLAIN._replace(columns=110)


def runs_told(log: Log, query: str = "", limit: int = 20, tokens: int = 2_000) -> str:
    """The newest runs that a query line asks for, newest first, one a line: id, when, status, name, calls, and why it failed."""
    found: list[Run] = []
    more = False
    for run in find(log, parse(query), newest_first=True):
        if len(found) == limit:
            more = True
            break
        found.append(run)
    foot = [f"{len(found)} runs{', there are older ones: limit, until:TIME' if more else ''}"]
    return quoted(
        map(_run_line, found),
        tokens,
        "limit, or a narrower query such as status:error tool:NAME since:2h",
        foot,
    )


def _run_line(run: Run) -> str:
    totals = run.totals
    calls = f"{totals.get('llm_calls', 0)} llm {totals.get('tool_calls', 0)} tool"
    errors_ = f" {totals['errors']} errors" if totals.get("errors") else ""
    labels = f" [{', '.join(run.labels)}]" if run.labels else ""
    failed = run.error or {}
    why = f": {as_text(failed.get('type'))} {as_text(failed.get('message'))}" if failed else ""
    name = run.name or "(no name)"
    return one_line(
        f"{run.id[:_ID]} {clock(run.started)} {run.status} {name} {calls}{errors_} {duration(run.ms)}{labels}{why}",
        _CELLS,
    )


def errors_told(
    log: Log, *, runs: Collection[str] | None = None, limit: int | None = None, tokens: int = 2_000
) -> str:
    """The kinds of failure, the most frequent first, each with its newest run and step."""
    found = errors(log, runs=runs, limit=limit)
    notes = noted_failures(log.notes)
    lines = (line for kind in found for line in _kind_lines(kind, notes))
    return quoted(
        lines, tokens, "steplog errors -n N, steplog show RUN STEP", [f"{len(found)} kinds of failure"]
    )


def _kind_lines(kind: ErrorKind, notes: dict[str, Any]) -> Iterator[str]:
    where = f"{kind.kind} {kind.name}".strip()
    yield one_line(f"{kind.count} x {kind.type} in {where}: {kind.example}", 2 * _CELLS)
    since = f"{kind.first[:19]}Z to {kind.last[:19]}Z" if kind.count > 1 else f"{kind.last[:19]}Z"
    yield f"  newest: run {kind.run[:_ID]} step {kind.step}; {kind.runs} runs, {since}, {kind.fingerprint}"
    if kind.led is not None:
        yield one_line(
            f"  after step {kind.led.step} {kind.led.kind} {kind.led.name}: {kind.led.said}", _CELLS
        )
    if kind.fingerprint in notes:
        yield f"  note: {note_line(notes[kind.fingerprint], _CELLS)}"


def diff_told(log: Log, a: str, b: str, tokens: int = 2_000) -> str:
    """Two runs, or two versions of an agent, compared: the first difference first. Raises: NotFound; Ambiguous."""
    try:
        page = diff(log.run(a), log.run(b)).as_json()
    except NotFound as error:
        found = versions(log)
        try:
            page = version_diff(version_meant(found, a), version_meant(found, b)).as_json()
        except NotFound:
            raise error from None
        return quoted(version_diff_lines(page, _LOOK), tokens, "steplog diff A B")
    short = page["a"][:_ID], page["b"][:_ID]
    return quoted(
        diff_lines(page, _LOOK), tokens, f"steplog diff {short[0]} {short[1]}, steplog show {short[0]} STEP"
    )


def hits_told(log: Log, pattern: Pattern, *, limit: int = _HITS, tokens: int = 2_000, **where: Any) -> str:
    """Where a phrase stands, the newest places first; `where` as `grep` has it."""
    found = list(grep(log, pattern, limit=limit, **where))[::-1]
    foot = [f"{len(found)} places{', the newest' if len(found) == limit else ''}"]
    return quoted(map(_hit_line, found), tokens, "a longer phrase, or steplog show RUN STEP", foot)


def _hit_line(hit: Hit) -> str:
    return one_line(
        f"{hit.run[:_ID]} step {hit.step} {hit.kind} {hit.name} {hit.field}: {hit.excerpt}", _CELLS
    )


def stats_told(
    log: Log, by: Collection[str] = (), *, runs: Collection[str] | None = None, tokens: int = 2_000
) -> str:
    """Figures by group, the largest first. Raises: QueryError; LogError without DuckDB."""
    found = stats(log, list(by), runs=runs)
    rows = [_figures([one_line(value or "-", 40) for value in each.group], each) for each in found.groups]
    rows.append(_figures(["all", *[""] * (len(found.by) - 1)][: max(1, len(found.by))], found.total))
    header = [*(found.by or [""]), "runs", "calls", "errors", "in", "out", "cost", "p50", "p95"]
    foot = [f"durations are of {found.of}", *found.notes]
    return quoted(
        table_lines(header, rows, numbers=range(len(header) - 8, len(header))), tokens, "fewer groups", foot
    )


def _figures(group: list[str], each: Figures) -> list[str]:
    tokens, spread = each.tokens, each.duration
    times = [duration(spread.p50), duration(spread.p95)] if spread else ["-", "-"]
    counts = [each.runs, each.calls, each.errors, tokens["input_tokens"], tokens["output_tokens"]]
    return [*group, *map(str, counts), dollars(each.cost), *times]


def sql_told(log: Log, question: str, tokens: int = 2_000) -> str:
    """What one SELECT gives. Raises: SqlError; LogError without DuckDB."""
    found = sql(log, question, seconds=30, limit=_ROWS + 1)
    rows = [[one_line(_cell(value), 200) for value in row] for row in found.rows[:_ROWS]]
    lines: Iterable[str] = [" | ".join(found.columns), *(" | ".join(row) for row in rows)]
    many = len(found.rows) > _ROWS
    return quoted(
        lines,
        tokens,
        "LIMIT, fewer columns",
        [f"{len(rows)} rows{', there are more' if many else ''}", *found.notes],
    )


def _cell(value: Any) -> str:
    return "" if value is None else as_json(value) if isinstance(value, list | dict) else str(value)
