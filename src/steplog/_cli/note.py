"""`steplog note`: what somebody thinks of a run or a step, beside the log; and what was noted."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

import click

from steplog._cli import complete
from steplog._cli.command import NO, ReadCommand, complain, log_at, warn_about
from steplog._cli.options import is_path, takes_json, takes_log
from steplog._cli.output import columns, say
from steplog._show.note_lines import note_line
from steplog._show.terminal_text import as_json, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._notes.note import Note
    from steplog._read.log import Log


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog note @last 1 'asked for the wrong order' --label wrong-tool",
        "steplog note @last --label fixed --score 1 --by ann",
        "steplog note",
    ),
)
@click.argument("run", metavar="[RUN]", required=False, shell_complete=complete.runs)
@click.argument("step", metavar="[STEP]", required=False)
@click.argument("text", metavar="[TEXT]", required=False)
@click.option(
    "--label", "labels", multiple=True, metavar="LABEL", help="A word to find it by; several with commas."
)
@click.option("--remove", "removed", multiple=True, metavar="LABEL", help="A label that no longer stands.")
@click.option("--score", type=float, metavar="N", help="A number.")
@click.option("--by", "who", metavar="WHO", help="Who says so. Default: your login name.")
@takes_json
@takes_log
def note(
    *, run: str | None, step: str | None, text: str | None, path: str | None, json_: bool, **said: Any
) -> None:
    """Note a TEXT, labels or a score on RUN, or on one STEP of it, in notes.jsonl beside the log, which stays as it is.

    Without any of these show what was noted on RUN, or on all runs with how often each label stands. Secrets are masked.
    Labels are found by --label and --unlabelled of every command, and counted by `steplog stats --by label`. Exit code 1 if
    there are no notes to show.
    """
    if step is not None and not step.isdecimal():
        if text is not None and path is None:
            path = text
        step, text = None, step
    if run is not None and step is None and text is None and path is None and is_path(run):
        run, path = None, run
    is_telling = text is not None or said["score"] is not None or bool(said["labels"] or said["removed"])
    with log_at(path) as log:
        if not is_telling:
            _show(log, run, json_=json_)
            return
        if run is None:
            raise click.UsageError("RUN is missing: whose note is it?")
        fields = {
            name: [one for each in said[name] for one in each.split(",")] for name in ("labels", "removed")
        }
        who = _login() if said["who"] is None else said["who"]
        number = None if step is None else int(step)
        taken = log.run(run).note(text or "", step=number, score=said["score"], by=who, **fields)
        say(
            as_json(taken.as_json(), indent=2)
            if json_
            else f"{taken.run[:8]} {note_line(taken, columns() - 9)}"
        )


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process whose user has no name
        return ""


def _show(log: Log, run: str | None, *, json_: bool) -> None:
    from steplog._ask.noted import gone_notes, gone_sentence  # noqa: PLC0415 -- `steplog --help` and completion need none

    notes = log.notes if run is None else log.run(run).notes
    warn_about(log)
    if run is None and (sentence := gone_sentence(gone_notes(log))):
        complain(sentence)
    if json_:
        say(as_json([each.as_json() for each in notes], indent=2))
    else:
        for line in _lines(notes, counted=run is None):
            say(line)
    if not notes:
        complain("no notes" + ("" if run is None else f" on {run}"))
        click.get_current_context().exit(NO)


def _lines(notes: tuple[Note, ...], *, counted: bool) -> Iterator[str]:
    from steplog._ask.noted import label_counts  # noqa: PLC0415 -- as in `_show`

    for each in notes:
        yield f"{each.run[:8]} {note_line(each, columns() - 9)}"
    counts = label_counts(notes) if counted else {}
    if counts:
        yield ""
        yield one_line(
            "labels: " + ", ".join(f"{label} {count}" for label, count in counts.items()), columns()
        )
