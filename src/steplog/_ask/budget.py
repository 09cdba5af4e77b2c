"""A run, or a step of it, told within a number of tokens, for whoever pays for each: what explains a failure comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.postmortem import postmortem
from steplog._ask.said import text_of
from steplog._show.look import PLAIN
from steplog._show.outline import failing, outline
from steplog._show.postmortem_page import postmortem_lines
from steplog._show.preview import as_text, call_text, calls_of
from steplog._show.quoted import quoted
from steplog._show.run_tree import Part, error_lines, tree_lines
from steplog._show.terminal_text import one_line, visible
from steplog._show.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._format.record import Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_COLUMNS: Final = 120
_MOST_TEXT: Final = 1_500  # characters of one text of a step
_ID: Final = 8


def told(run: Run, tokens: int = 2_000) -> str:
    """The run in at most so many tokens (200 at least): how it ended and why, then its steps, those that failed first.

    Each line of it that holds words from the log is marked with `|`: they are data, whatever they say. The end says what
    was left out and how to ask for it.
    """
    short = run.id[:_ID]
    return quoted(_lines(run), tokens, f"steplog show {short} STEP, steplog show {short} --below STEP")


def step_told(run: Run, step: Step, tokens: int = 2_000) -> str:
    """One step in the same way: its error, what came out, what it was given, then the newest messages of its prompt."""
    short = run.id[:_ID]
    return quoted(_step_lines(step), tokens, f"steplog show {short} {step.number}, steplog grep PHRASE")


def postmortem_told(run: Run, tokens: int = 2_000) -> str:
    """The post-mortem in the same way."""
    short = run.id[:_ID]
    lines = postmortem_lines(postmortem(run).as_json(), _COLUMNS)
    return quoted(lines, tokens, f"steplog postmortem {short}, steplog show {short} STEP")


def _lines(run: Run) -> Iterator[str]:
    yield from postmortem_lines(postmortem(run).as_json(), _COLUMNS)
    look = PLAIN._replace(columns=_COLUMNS)
    failed = outline(run, keep=failing(run))
    if failed:
        yield from ("", "Steps that did not end well, and those around them")
        yield from tree_lines(run, look, Part(failed))
    if run.steps:
        yield from ("", "All steps")
        yield from tree_lines(run, look)


def _step_lines(step: Step) -> Iterator[str]:
    yield visible(f"step {step.number} {step.kind} {step.name} {step.status} {duration(step.ms)}".rstrip())
    if step.error is not None:
        yield from error_lines(step.error, "", PLAIN)
    if step.message is not None:
        yield from _message("answer", step.message)
    for name in ("result", "args", "query", "documents", "input", "output", "value", "data"):
        value = step.field(name)
        if value is not None:
            yield f"{name}: {_short(as_text(value))}"
    prompt = step.prompt
    for place in range(len(prompt), 0, -1):
        yield from _message(f"prompt, message {place} of {len(prompt)}", prompt[place - 1])
    if step.children:
        yield "with steps " + ", ".join(str(child.number) for child in step.children)


def _message(where: str, message: Record) -> Iterator[str]:
    parts = (text_of(message), *(f"calls {call_text(call)}" for call in calls_of(message)))
    yield f"{where}: {visible(as_text(message.get('role')))}: {_short(' '.join(part for part in parts if part))}"


def _short(text: str) -> str:
    cut = one_line(text, _MOST_TEXT)
    return cut if len(text) <= _MOST_TEXT else f"{cut} ({len(text)} characters)"
