"""`steplog show`: one run as a tree, or one step of it in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from steplog._ask.listing import Row
from steplog._cli.command import ReadCommand, log_at, warn_about, warnings
from steplog._cli.output import look, painted
from steplog._show.run_tree import run_lines
from steplog._show.step_page import step_lines
from steplog._show.terminal_text import as_json, visible

if TYPE_CHECKING:
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step


@click.command(cls=ReadCommand)
@click.argument("run", metavar="RUN")
@click.argument("step", metavar="[STEP]", required=False, type=click.IntRange(min=1))
@click.option("--path", "-p", help="The log; by default as `steplog config` says; - is standard input.")
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def show(*, run: str, step: int | None, path: str | None, json_: bool) -> None:
    """Show a run as a tree, or one STEP of it with its whole prompt.

    RUN is the beginning of a run's id, @last, or @-2 for the last but one.
    """
    with log_at(path) as log:
        found = log.run(run)
        if json_:
            warn_about(log)
            data = run_data(found) if step is None else step_data(found.step(step))
            click.echo(as_json(data, indent=2))
        elif step is not None:
            for line in step_lines(found.step(step), look(), found):
                click.echo(line)
        else:
            for line in run_lines(found, look()):
                click.echo(line)
            for sentence in warnings(log):
                click.echo(painted(visible(f"! {sentence}"), "yellow"))
            click.echo(visible(f"log: {found.file}"))


def run_data(run: Run) -> dict[str, Any]:
    """A run in `--json`: what `ls --json` says of it, its content, each message once, and its steps.

    A step's `prompt` is the list of its messages' numbers, so that the size stays linear.
    """
    steps = [step_data(step) | _numbered(step) for step in run.steps]
    content = {
        "input": run.input,
        "output": run.output,
        "error": run.error,
        "tags": list(run.tags),
        "metadata": run.metadata,
        "masked": run.masked,
        "writer": run.writer,
        "in_flight": [step.number for step in run.in_flight],
        "messages": list(run.messages),
    }
    known = {name: value for name, value in content.items() if value not in (None, [], {})}
    return {**Row(run).as_json(), **known, "steps": steps}


def _numbered(step: Step) -> dict[str, Any]:
    return {"prompt": list(step.prompt_numbers)} if "prompt" in step.fields else {}


def step_data(step: Step) -> dict[str, Any]:
    """A step in `--json`: its place and state, then its fields with every reference followed."""
    state: dict[str, Any] = {
        "step": step.number,
        "parent": step.parent.number if step.parent else None,
        "kind": step.kind,
        "name": step.name or None,
        "status": step.status,
        "started": step.started.isoformat().replace("+00:00", "Z") if step.started else None,
        "open": step.open or None,
    }
    fields = {name: value for name, value in step.resolved().items() if name not in state}
    return {**{name: value for name, value in state.items() if value is not None}, **fields}
