"""`steplog show`: one run as a tree or a conversation, one step of it in full, or a whole thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from steplog._cli import complete
from steplog._cli.command import ReadCommand, log_at, warn_about, warnings
from steplog._cli.options import is_path, takes_budget, takes_json, takes_log
from steplog._cli.output import look, paged, painted, say
from steplog._cli.show_parts import Asked, part_of, price_of
from steplog._read.runs.launched import launches_of
from steplog._show.chat import chat_lines
from steplog._show.note_lines import note_line
from steplog._show.run_page import run_page
from steplog._show.run_tree import run_lines
from steplog._show.step_page import step_lines
from steplog._show.terminal_text import as_json, visible
from steplog._show.wrapping import prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steplog._read.log import Log
    from steplog._read.runs.run import Run


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog show",
        "steplog show @last",
        "steplog show @last 1",
        "steplog show @last --only llm,tool --full",
        "steplog show @last --calls --depth 2",
        "steplog show @last --chat",
        "steplog show @last --budget 500",
    ),
)
@click.argument("run", metavar="[RUN]", required=False, shell_complete=complete.runs)
@click.argument("step", metavar="[STEP]", required=False)
@click.option("--full", is_flag=True, help="Repeated stretches unfolded, long texts whole.")
@click.option("--tools", is_flag=True, help="Of a model call's STEP the tools' definitions, too.")
@click.option(
    "--no-pager", is_flag=True, help="Print what is longer than the terminal without a pager ($PAGER)."
)
@click.option(
    "--only", "kinds", metavar="KINDS", help="Only steps of these kinds: llm,tool,retriever,agent,node …"
)
@click.option("--calls", is_flag=True, help="Only what was called and what happened: no nodes.")
@click.option("--depth", type=click.IntRange(min=1), metavar="N", help="Only N levels of steps.")
@click.option(
    "--errors", "failed", is_flag=True, help="Only steps that did not end well, and those around them."
)
@click.option(
    "--agent", metavar="NAME", help="Only this agent with everything below it, and what that took together."
)
@click.option("--node", metavar="NAME", help="The same for a node.")
@click.option("--tool", metavar="NAME", help="The same for a tool.")
@click.option("--below", type=click.IntRange(min=1), metavar="STEP", help="The same for a step.")
@click.option("--chat", is_flag=True, help="As a conversation: what was said, called and answered.")
@click.option("--thread", metavar="THREAD", help="All runs of a conversation as one, instead of RUN.")
@takes_budget
@takes_json
@takes_log
def show(
    *, run: str | None, step: str | None, path: str | None, json_: bool, no_pager: bool, **asked: Any
) -> None:
    """Show a run as a tree with a bar for each step on its time axis, or one STEP of it with its whole prompt.

    RUN is the beginning of a run's id, @last, or @-2 for the last but one; without it the last run. STEP 0 is the run's own whole input and output.
    """
    wanted = Asked(**asked)
    if step is not None and not step.isdecimal():
        if path is not None:
            raise click.UsageError(f"STEP {step!r} is not a valid integer")
        path, step = step, None  # `steplog show RUN PATH`
    if wanted.thread is not None:
        _show_thread(wanted, path if run is None else run, json_=json_)
        return
    if run is not None and path is None and step is None and is_path(run):
        run, path = None, run  # `steplog show PATH`
    with log_at(path) as log:
        found, number = log.run(run or "@last"), None if step is None else int(step)
        if json_:
            warn_about(log)
            say(as_json(_data(found, number, wanted), indent=2))
            return
        with paged(wanted=not no_pager) as tell:
            for line in _lines(found, number, wanted):
                tell(line)
            if step is None and wanted.budget is None:
                for line in _ending(log, found):
                    tell(line)


def _show_thread(wanted: Asked, path: str | None, *, json_: bool) -> None:
    from steplog._ask.conversation import thread  # noqa: PLC0415 -- only who asks for it needs it

    with log_at(path) as log:
        page = thread(log, wanted.thread or "").as_json()
        if json_:
            say(as_json(page, indent=2))
            return
        for line in chat_lines(page, look(), full=wanted.full):
            say(line)


def _lines(run: Run, step: int | None, wanted: Asked) -> Iterable[str]:
    """What is printed of the run."""
    if step == 0:
        own = {"tags": list(run.tags), "metadata": dict(run.metadata), "masked": dict(run.masked)}
        return run_page(run, {name: value for name, value in own.items() if value}, look())
    if step is not None:
        return _step(run, step, wanted)
    if wanted.budget is not None:
        from steplog._ask.budget import told  # noqa: PLC0415 -- only who asks for it needs it

        return told(run, wanted.budget).split("\n")
    if wanted.chat:
        from steplog._ask.conversation import conversation  # noqa: PLC0415 -- as the line before

        return chat_lines(conversation([run]).as_json(), look(), full=wanted.full)
    return part_of(run, wanted, look()) if wanted.is_part else _whole(run, wanted)


def _step(run: Run, number: int, wanted: Asked) -> Iterator[str]:
    if wanted.budget is not None:
        from steplog._ask.budget import step_told  # noqa: PLC0415 -- only who asks for it needs it

        yield step_told(run, run.step(number), wanted.budget)
        return
    yield from step_lines(run.step(number), look(), run, tools=wanted.tools)
    notes = [note for note in run.notes if note.step == number]
    if notes:
        yield ""
    yield from (painted(f"note: {note_line(note, look().columns - 6)}", "cyan") for note in notes)


def _whole(run: Run, wanted: Asked) -> Iterator[str]:
    from steplog._ask.spending import run_cost  # noqa: PLC0415 -- only who draws a run needs it
    from steplog._show.run_tree import Part  # noqa: PLC0415 -- as the line before
    from steplog._show.units import dollars  # noqa: PLC0415 -- as the line before

    yield from run_lines(run, look(), Part(fold=not wanted.full, price=price_of()))
    cost = run_cost(run)
    if cost is not None:
        yield f"cost: {dollars(cost)}"


def _ending(log: Log, run: Run) -> Iterator[str]:
    """What to know about the run and the log: what was in vain, what is missing, where it stands."""
    from steplog._ask.waste import waste  # noqa: PLC0415 -- as in `_whole`

    for each in waste(run):
        numbers = ", ".join(map(str, each.steps[:8])) + (" …" if len(each.steps) > 8 else "")
        for line in prose(visible(f"! in vain: {each.sentence} (steps {numbers})"), look()):
            yield painted(line, "yellow")
    for step, one in launches_of(run, log.runs if run.thread else ()):
        yield visible(
            f"step {step.number} launched run {one.id} {one.metadata.get('subagent_name') or one.name}, {one.status}"
        )
    for note in run.notes:
        yield painted(f"note: {note_line(note, look().columns - 6)}", "cyan")
    for sentence in warnings(log):
        yield from (painted(line, "yellow") for line in prose(visible(f"! {sentence}"), look()))
    yield visible(f"log: {run.file}")


def _data(run: Run, step: int | None, wanted: Asked) -> Any:
    """What `--json` prints."""
    from steplog._ask import data  # noqa: PLC0415 -- only who asks for it needs it

    if step:
        return data.step_data(run.step(step))
    if wanted.chat:
        from steplog._ask.conversation import conversation  # noqa: PLC0415 -- as the line before

        return conversation([run]).as_json()
    if wanted.is_part:
        return data.part_data(run, wanted.roots(run))
    return data.run_data(run, steps=step is None)
