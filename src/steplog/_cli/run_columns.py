"""The columns that a listing of runs can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from steplog._show.preview import as_text, brief, entered
from steplog._show.terminal_text import one_line
from steplog._show.units import clock, dollars, duration
from steplog._show.usage import amount_told, untold_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from steplog._ask.listing import Row, Sums
    from steplog._format.record import Json

_NAME_CELLS: Final = 32
_LONG_CELLS: Final = 60
_NOTED: Final = {
    "repeated_call": "loop",
    "alternating_calls": "loop",
    "repeated_error": "same error",
    "standstill": "standstill",
    "cache_missed": "cache missed",
    "unused_result": "unused result",
}


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column: its title, what stands in it for a run and for the sums, and whether it is a number."""

    title: str
    of_run: Callable[[Row], str]
    of_sums: Callable[[Sums], str] = lambda _: ""
    is_number: bool = False


def _text(get: Callable[[Row], str], cells: int = _NAME_CELLS) -> Callable[[Row], str]:
    return lambda row: one_line(get(row), cells) or "-"


def _count(title: str, field: str) -> RunColumn:
    return RunColumn(
        title,
        lambda row: as_text(row.run.totals.get(field, 0)),
        lambda sums: str(sums.counts[field]),
        is_number=True,
    )


def _tokens(title: str, field: str) -> RunColumn:
    return RunColumn(
        title,
        lambda row: amount_told(row.run.totals.get(field), is_untold=_is_untold(row)),
        lambda sums: amount_told(sums.counts[field], is_untold=bool(sums.untold)),
        is_number=True,
    )


def _is_untold(row: Row) -> bool:
    return bool(row.run.totals.get("llm_calls")) if row.untold is None else row.untold > 0


def _cached(totals: Mapping[str, Json]) -> str:
    """How much of what models read came from providers' caches."""
    read, cached = totals.get("input_tokens"), totals.get("cache_read_tokens")
    return (
        f"{100 * cached / read:.0f}%" if isinstance(read, int) and read and isinstance(cached, int) else "-"
    )


def _models(row: Row) -> str:
    models = row.run.totals.get("models")
    return ", ".join(map(as_text, models)) if isinstance(models, list) else ""


def _name(row: Row) -> str:
    """Of a test's run the test's name: what it ran is called alike in all of them."""
    test = as_text(row.run.metadata.get("test")).rpartition("::")[2]
    return test or row.run.name


def _asked(row: Row) -> str:
    """What the run was asked; where it is a single call, that."""
    run = row.run
    return brief(run.input) if run.input is not None or not run.steps else entered(run.steps[0])


def _program(argv0: str) -> str:
    """A program as people call it: its file, of `python -m package` the package."""
    folder, _, file = argv0.replace("\\", "/").rpartition("/")
    return (folder.rpartition("/")[2] if file == "__main__.py" else "") or file


def _notes(row: Row) -> str:
    """What was in vain, in few words, with how often, and what is not known."""
    words = [f"{_NOTED.get(each.kind, each.kind)} x {len(each.steps)}" for each in row.waste]
    words += [untold_text(row.untold)] if row.untold else []
    return one_line(", ".join(dict.fromkeys(words)), _LONG_CELLS)


RUN_COLUMNS: Final[dict[str, RunColumn]] = {
    "started": RunColumn("STARTED", lambda row: clock(row.run.started)),
    "name": RunColumn("NAME", _text(_name)),
    "status": RunColumn("STATUS", _text(lambda row: row.run.status)),
    "thread": RunColumn("THREAD", _text(lambda row: row.run.thread)),
    "asked": RunColumn("ASKED", _text(_asked, _LONG_CELLS)),
    "program": RunColumn("PROGRAM", _text(lambda row: _program(as_text(row.run.writer.get("argv0"))))),
    "framework": RunColumn("FRAMEWORK", _text(lambda row: row.run.framework)),
    "models": RunColumn("MODELS", _text(_models, _LONG_CELLS)),
    "tags": RunColumn("TAGS", _text(lambda row: ", ".join(map(as_text, row.run.tags)), _LONG_CELLS)),
    "labels": RunColumn("LABELS", _text(lambda row: ", ".join(row.run.labels), _LONG_CELLS)),
    "metadata": RunColumn("METADATA", _text(lambda row: as_text(dict(row.run.metadata)), _LONG_CELLS)),
    "file": RunColumn("FILE", _text(lambda row: row.run.file.name, 100)),
    "steps": _count("STEPS", "steps"),
    "llm": _count("LLM", "llm_calls"),
    "tool": _count("TOOL", "tool_calls"),
    "errors": _count("ERR", "errors"),
    "retries": _count("RETRIES", "retries"),
    "interrupts": _count("WAITS", "interrupts"),
    "in": _tokens("IN", "input_tokens"),
    "out": _tokens("OUT", "output_tokens"),
    "cached": RunColumn(
        "CACHED", lambda row: _cached(row.run.totals), lambda sums: _cached(sums.counts), is_number=True
    ),
    "reasoning": _tokens("REASONING", "reasoning_tokens"),
    "cost": RunColumn("COST", lambda row: dollars(row.cost), lambda sums: dollars(sums.cost), is_number=True),
    "time": RunColumn(
        "TIME", lambda row: duration(row.run.ms), lambda sums: duration(sums.ms), is_number=True
    ),
    "notes": RunColumn("NOTES", _notes, lambda sums: untold_text(sums.untold) if sums.untold else ""),
}


def run_columns(names: list[str], digits: int) -> list[RunColumn]:
    """The columns of these names; ids are shown with so many digits.

    Raises: click.UsageError for an unknown name.
    """
    known = {
        "run": RunColumn(
            "RUN",
            lambda row: one_line(row.run.id[:digits], digits),
            lambda sums: f"{sums.runs} runs" if sums.runs != 1 else "1 run",
        ),
        **RUN_COLUMNS,
    }
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise click.UsageError(f"no column {unknown!r}: there are {', '.join(known)}")
    return [known[name] for name in names]
