"""`steplog export`: runs as other programs read them."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from steplog._cli import complete
from steplog._cli.command import NO, ReadCommand, complain, log_at
from steplog._cli.options import is_path, takes_limit
from steplog._export.untold import Untold

if TYPE_CHECKING:
    from collections.abc import Generator

    from steplog._export.messages import Per, Shape
    from steplog._read.log import Log
    from steplog._read.runs.run import Run

FORMATS: Final = ("atif", "chrome", "messages", "otlp")
_INSTALL: Final = {"otlp": "pip install 'steplog[otlp]'"}


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog export chrome @last -o run.json",
        "steplog export messages --shape openai --only ok -o train.jsonl",
        "steplog export atif @last steplogs > run.json",
    ),
)
@click.argument("target", metavar="FORMAT", type=click.Choice(FORMATS))
@click.argument("runs", metavar="[RUN]... [PATH]", nargs=-1, shell_complete=complete.runs)
@click.option("-p", "--path", metavar="PATH", help="The same as PATH; without it as `steplog config` says.")
@takes_limit("Only the newest N of them.")
@click.option(
    "--out", "-o", metavar="FILE", help="Where to write; by default standard output. A folder for atif."
)
@click.option("--only", metavar="STATUS", help="Runs of this status only, such as ok.")
@click.option("--label", metavar="LABEL", help="Only runs that got this label, such as good.")
@click.option(
    "--shape", type=click.Choice(("neutral", "openai")), default="neutral", help="messages: whose shape."
)
@click.option(
    "--per",
    type=click.Choice(("run", "call")),
    default="run",
    help="messages: one line an agent, or a model call.",
)
@click.option("--unfinished", is_flag=True, help="otlp: also runs of other hosts that have no end.")
def export(
    *, target: str, runs: tuple[str, ...], path: str | None, out: str | None, only: str | None,
    label: str | None, limit: int | None, shape: Shape, per: Per, unfinished: bool,
) -> None:  # fmt: skip
    """Write runs as other programs read them, or send them to an OpenTelemetry backend.

    \b
    otlp      to the backend that OTEL_EXPORTER_OTLP_ENDPOINT names; with -o as OTLP's JSON lines
    atif      one document a run of the Agent Trajectory Interchange Format
    chrome    a timeline for Perfetto, speedscope and the browser's performance panel
    messages  chat messages, one JSON line an agent or a model call

    Without RUN all runs of the log at PATH (- is standard input). What a format has no place for is counted on standard
    error.
    """  # noqa: D301 -- click wants the backspace character itself, to keep the lines
    if path is None and runs and is_path(runs[-1]):
        runs, path = runs[:-1], runs[-1]
    with log_at(path) as log:
        chosen = [run for run in _chosen(log, runs) if only is None or run.status == only]
        chosen = [run for run in chosen if label is None or label in run.labels]
        chosen = chosen[-(limit or 0) :]
        if not chosen:
            complain("no runs that fit")
            click.get_current_context().exit(NO)
        untold = Untold()
        match target:
            case "otlp":
                _otlp(chosen, out, unfinished=unfinished)
            case "atif":
                _atif(chosen, out, untold)
            case "chrome":
                from steplog._export.chrome import chrome  # noqa: PLC0415 -- one target of several

                with _opened(out) as file:
                    file.write(json.dumps(chrome(chosen, untold), ensure_ascii=False) + "\n")
            case _:
                from steplog._export.messages import chat_messages  # noqa: PLC0415 -- as above

                with _opened(out) as file:
                    for line in chat_messages(chosen, shape=shape, per=per, untold=untold):
                        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        for sentence in untold.sentences():
            complain(sentence)


def _chosen(log: Log, selectors: tuple[str, ...]) -> list[Run]:
    return [log.run(selector) for selector in selectors] if selectors else list(log.runs)


def _atif(runs: list[Run], out: str | None, untold: Untold) -> None:
    from steplog._export.atif import atif  # noqa: PLC0415 -- as above

    if out is None or len(runs) == 1:
        with _opened(out) as file:
            for run in runs:
                file.write(json.dumps(atif(run, untold), ensure_ascii=False) + "\n")
        return
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        (folder / f"{run.id}.json").write_text(
            json.dumps(atif(run, untold), ensure_ascii=False, indent=1) + "\n", "utf-8"
        )


def _otlp(runs: list[Run], out: str | None, *, unfinished: bool) -> None:
    try:
        from steplog._export import otlp  # noqa: PLC0415 -- its packages are an extra
    except ImportError as error:
        raise click.UsageError(f"{error.name} is not installed: {_INSTALL['otlp']}") from None
    try:
        if out is None:
            done = otlp.send(runs, unfinished=unfinished)
        else:
            with _opened(out) as file:
                done = otlp.write(runs, file, unfinished=unfinished)
    except otlp.NotDelivered as error:
        complain(str(error))
        click.get_current_context().exit(NO)
    complain(f"{done.runs} runs, {done.spans} spans delivered")
    if done.skipped:
        complain(
            f"{len(done.skipped)} runs were left out, since they may still get an end: {', '.join(done.skipped[:5])}"
        )
    for sentence in done.untold.sentences():
        complain(sentence)


@contextmanager
def _opened(out: str | None) -> Generator[IO[str]]:
    if out is None or out == "-":
        yield sys.stdout
        return
    with Path(out).open("w", encoding="utf-8") as file:
        yield file
