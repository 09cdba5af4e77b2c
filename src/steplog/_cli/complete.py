"""What the shell offers for a run, a name, a model, a tool: what is in the log. A shell must never wait, or see a traceback."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from steplog._format.shipped import is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from steplog._read.runs.run import Run

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_STATUSES: Final = (
    "ok", "error", "crashed", "running", "interrupted", "cancelled", "abandoned", "handoff", "unfinished",
)  # fmt: skip
_MOST: Final = 50
_MOST_RUNS: Final = 2_000  # looked at, the newest first


def runs(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of runs, the newest first, with their names."""
    if begun.startswith("@"):
        return [CompletionItem(word) for word in ("@last", "@-2", "@-3") if word.startswith(begun)]
    found = (run for run in _newest(ctx) if run.id.startswith(begun.lower()))
    return [CompletionItem(run.id[:8], help=f"{run.name} {run.status}") for run in islice(found, _MOST)]


def groups(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """What figures can be grouped by."""
    lead, comma, last = begun.rpartition(",")
    names = (
        "model",
        "tool",
        "node",
        "agent",
        "name",
        "day",
        "hour",
        "thread",
        "label",
        "status",
        "error",
        "meta.",
    )
    return [CompletionItem(f"{lead}{comma}{name}") for name in names if name.startswith(last)]


def values_of(word: str) -> Completer:
    """The values that a word of the query line can have in this log."""

    def values(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        if word == "status":
            found: Iterable[str] = _STATUSES
        elif word in _OF_RUNS:
            found = dict.fromkeys(value for run in _newest(ctx) for value in _OF_RUNS[word](run))
        else:
            found = ()
        return [
            CompletionItem(value)
            for value in islice((each for each in found if each.startswith(begun)), _MOST)
        ]

    return values


def _models(run: Run) -> list[str]:
    models = run.totals.get("models")
    return [model for model in models if isinstance(model, str)] if isinstance(models, list) else []


_OF_RUNS: Final[dict[str, Callable[[Any], list[str]]]] = {
    "name": lambda run: [run.name] if run.name else [],
    "thread": lambda run: [run.thread] if run.thread else [],
    "model": _models,
    "label": lambda run: list(run.labels),
}


def _newest(ctx: click.Context) -> Iterator[Run]:
    from steplog._read.errors import LogError  # noqa: PLC0415 -- completion of commands needs no reader
    from steplog._read.log import read  # noqa: PLC0415 -- as the line before

    path = ctx.params.get("path_option") or ctx.params.get("path")
    if is_url(path):
        return  # a store may be far away
    try:
        yield from islice(reversed(read(None if path == "-" else path).runs), _MOST_RUNS)
    except (LogError, OSError):
        return
