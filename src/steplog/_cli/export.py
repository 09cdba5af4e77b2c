"""`steplog export`: runs as other programs read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from steplog._cli import complete
from steplog._cli.command import NO, ReadCommand, complain, log_at, warn_about
from steplog._cli.moment import Moment
from steplog._cli.options import is_path, takes_limit
from steplog._export.untold import Untold

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from steplog._cli.export_files import Asked
    from steplog._read.log import Log
    from steplog._read.runs.run import Run

FORMATS: Final = ("otlp", "parquet", "html", "md", "atif", "chrome", "messages")

_ONLY_OF: Final = {
    "shape": ("messages",), "per": ("messages",), "full": ("md",), "content": ("otlp", "html"), "unfinished": ("otlp", "parquet"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which runs are wanted: by name, by status, from when on, and how many of the newest."""

    runs: tuple[str, ...]
    only: str | None
    since: datetime | None
    limit: int | None
    label: str | None = None

    def of(self, log: Log) -> list[Run]:
        """The runs, oldest first; none fits: exit code 1."""
        named = (
            [log.run(selector) for selector in self.runs] if self.runs else log.iter_runs(since=self.since)
        )
        found = [
            run
            for run in named
            if self.only in (None, run.status) and (self.label is None or self.label in run.labels)
        ]
        if not found:
            complain("no runs that fit")
            click.get_current_context().exit(NO)
        return found[-(self.limit or 0) :]


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog export chrome @last -o run.json",
        "steplog export messages --shape openai --only ok -o train.jsonl",
        "steplog export atif @last steplogs > run.json",
        "steplog export md @last > run.md",
        "steplog export parquet views --since 30d && echo 'in views/steps' > told.txt",
    ),
)
@click.argument("target", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("runs", metavar="[RUN]... [PATH]", nargs=-1, shell_complete=complete.runs)
@click.option("-p", "--path", metavar="PATH", help="The same as PATH; without it as `steplog config` says.")
@takes_limit("Only the newest N of them.")
@click.option(
    "--out",
    "-o",
    metavar="FILE",
    help="Where to write; by default standard output. A folder for parquet; for atif, too, unless it is one run's .json.",
)
@click.option("--only", metavar="STATUS", help="Runs of this status only, such as ok.")
@click.option("--label", metavar="LABEL", help="Only runs that got this label, such as good.")
@click.option("--since", type=Moment(), help="Only runs begun since then: 2h, 3d, yesterday, 2026-11-23.")
@click.option(
    "--shape", type=click.Choice(("neutral", "openai")), default="neutral", help="messages: whose shape."
)
@click.option(
    "--per",
    type=click.Choice(("run", "call")),
    default="run",
    help="messages: one line an agent, or a model call.",
)
@click.option("--full", is_flag=True, help="md: long texts whole.")
@click.option(
    "--content",
    type=click.Choice(("none", "preview", "full")),
    default="full",
    help="otlp, html: how much of what was said.",
)
@click.option("--unfinished", is_flag=True, help="otlp, parquet: also runs of other hosts that have no end.")
@click.option("--follow", is_flag=True, help="otlp: go on, and send each run when it ends.")
def export(
    *,
    target: str,
    runs: tuple[str, ...],
    path: str | None,
    out: str | None,
    only: str | None,
    label: str | None,
    since: datetime | None,
    limit: int | None,
    **asked: Any,
) -> None:
    """Write runs as other programs read them, or send them to an OpenTelemetry backend.

    \b
    otlp      to the backend that OTEL_EXPORTER_OTLP_ENDPOINT names; with -o as OTLP's JSON lines
    parquet   the views of `steplog sql`, added to a folder: export parquet OUT [PATH]
    html      the page with the runs inside, in one file
    md        a report of each run: the post-mortem, its steps, what was said
    atif      one document a run of the Agent Trajectory Interchange Format
    chrome    a timeline for Perfetto, speedscope and the browser's performance panel
    messages  chat messages, one JSON line an agent or a model call

    Without RUN all runs of the log at PATH (- is standard input). What a format has no place for is counted on standard
    error.
    """  # noqa: D301 -- click wants the backspace character itself, to keep the lines
    _refuse_options_of_others(target)
    if target == "parquet" and out is None and runs:
        out, runs = runs[0], runs[1:]  # `steplog export parquet OUT`
    if path is None and runs and is_path(runs[-1]):
        runs, path = runs[:-1], runs[-1]
    chosen = Chosen(runs, only, since, limit, label)
    from steplog._cli.export_files import Asked  # noqa: PLC0415 -- `steplog --help` and completion need none

    wanted = Asked(**asked)
    if wanted.follow:
        _follow(target, path, chosen, wanted, out)
        return
    with log_at(path) as log:
        untold = Untold()
        _write(target, log, chosen, wanted, out, untold)
        warn_about(log)
        for sentence in untold.sentences():
            complain(sentence)


def _refuse_options_of_others(target: str) -> None:
    """Raises: UsageError. An option that is not heeded would be trusted: `--content none`, say."""
    context = click.get_current_context()
    for name, targets in _ONLY_OF.items():
        is_given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if is_given and target not in targets:
            raise click.UsageError(f"export {target} has no --{name}: it is for {' and '.join(targets)}")


def _write(target: str, log: Log, chosen: Chosen, asked: Asked, out: str | None, untold: Untold) -> None:
    from steplog._cli import export_files, export_otlp  # noqa: PLC0415 -- as in `export`

    match target:
        case "parquet":
            if out is None or chosen.runs or chosen.only or chosen.label or chosen.limit:
                raise click.UsageError(
                    "export parquet OUT [PATH] [--since TIME]: a folder, and whole days of runs"
                )
            export_files.parquet(log, out, chosen.since, unfinished=asked.unfinished)
        case "otlp":
            export_otlp.send(chosen.of(log), out, asked.content, unfinished=asked.unfinished)
        case "html":
            export_files.html(log, chosen.of(log), out, asked.content)
        case _:
            export_files.write(target, chosen.of(log), out, asked, untold)


def _follow(target: str, path: str | None, chosen: Chosen, asked: Asked, out: str | None) -> None:
    from steplog._cli import export_otlp  # noqa: PLC0415 -- as in `export`

    if target != "otlp" or out is not None or chosen.runs or chosen.only or chosen.label or chosen.limit:
        raise click.UsageError(
            "--follow sends all runs of a log to a backend: export otlp --follow [PATH] [--since TIME]"
        )
    export_otlp.follow(path, chosen.since, asked.content, unfinished=asked.unfinished)
