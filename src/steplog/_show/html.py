"""A run, or a step, as HTML for a notebook: a tree to unfold, without scripts, links or anything from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from steplog._show.below import used_by_agents
from steplog._show.look import COLOURS, PLAIN
from steplog._show.preview import entered, left
from steplog._show.run_tree import error_lines, header, in_flight_lines, totals_text
from steplog._show.step_line import ending, used
from steplog._show.step_page import step_lines
from steplog._show.terminal_text import one_line, visible
from steplog._show.units import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from steplog._show.views import RunView, StepView

# A browser must stay usable, and a notebook small enough to keep.
_MOST_STEPS: Final = 500
_MOST_CHARS: Final = 4_000  # of one step, unfolded
_SUMMARY_CELLS: Final = 120
_NAME_CELLS: Final = 60
_DEEPEST: Final = 20
# Notebooks typeset what stands between dollar signs, and its commands can do more than that: not in here.
_BOX: Final = '<div class="steplog tex2jax_ignore mathjax_ignore" style="font-size:90%;line-height:1.5;overflow-x:auto">'
_COLOURS: Final = {"red": "#c62828", "yellow": "#b26a00", "green": "#2e7d32", "cyan": "#00838f"}


def run_html(run: RunView) -> str:
    """The run as a tree."""
    return f"{_BOX}{''.join(_run(run))}</div>"


def sentence_html(text: str) -> str:
    """A sentence in the place of a tree, such as why there is none."""
    return f"{_BOX}{_code(text)}</div>"


def step_html(step: StepView) -> str:
    """Everything about one step."""
    return f"{_BOX}{_block(step_lines(step), most=_MOST_CHARS * 25)}</div>"


def _run(run: RunView) -> Iterator[str]:
    name = one_line(run.name, _NAME_CELLS) or "(no name)"
    yield f"<div><b>{_code(name)}</b> {_status(run.status, run.status)} {_code(duration(run.ms))}</div>"
    yield _block(list(header(run, PLAIN))[1:])
    yield from _steps(run)
    if run.in_flight:
        yield _block(in_flight_lines(run))
    if run.error is not None:
        yield _block(error_lines(run.error, "", PLAIN), colour="red")
    yield f"<div>{_code(f'totals: {totals_text(run.totals)}')}</div>"
    if run.totals_note:
        yield f"<div>{_code(run.totals_note)}</div>"


def _steps(run: RunView) -> Iterator[str]:
    # As in `picture`: a stack, since a damaged log may nest without end; and a browser's own depth has one.
    stack, agents = [(step, 0) for step in reversed(run.children)], used_by_agents(run)
    shown = 0
    while stack and shown < _MOST_STEPS:
        step, depth = stack.pop()
        yield _step(step, depth, agents.get(step.number))
        stack.extend((child, depth + 1) for child in reversed(step.children))
        shown += 1
    left_out = len(run.steps) - shown
    if left_out > 0:
        yield f"<div>{_code(f'… and {left_out} more steps: steplog show {run.id}')}</div>"


def _step(step: StepView, depth: int, below: Mapping[str, int] | None) -> str:
    what = " → ".join(one_line(text, _SUMMARY_CELLS // 2) for text in (entered(step), left(step)) if text)
    deeper = f"(depth {depth}) " if depth > _DEEPEST else ""
    title = one_line(f"{deeper}{step.number} {step.kind} {step.name}", _NAME_CELLS)
    facts = "  ".join(fact for fact in (duration(step.ms), used(step, below=below)) if fact)
    summary = f"{_code(title)} {_code(facts)} {_status(step.status, ending(step))} {_code(what)}"
    indent = 1.4 * min(depth, _DEEPEST)
    body = _block(step_lines(step))
    return f'<details style="margin-left:{indent:.1f}em"><summary>{summary}</summary>{body}</details>'


def _status(status: str, words: str) -> str:
    colour = _COLOURS.get(COLOURS.get(status, ""), "inherit")
    return f'<span style="color:{colour}">{_code(words)}</span>' if words else ""


def _block(lines: Iterable[str], *, colour: str = "", most: int = _MOST_CHARS) -> str:
    text = "\n".join(lines)
    if len(text) > most:
        text = f"{text[:most]}…\n({len(text) - most} more characters)"
    style = f"margin:0 0 0 1.4em;white-space:pre-wrap;color:{_COLOURS.get(colour, 'inherit')}"
    return f'<pre style="{style}">{_safe(text)}</pre>'


def _code(text: str) -> str:
    return f"<code>{_safe(text)}</code>" if text else ""


def _safe(text: str) -> str:
    """Markup shown instead of followed, and what is invisible or turns the text around made visible."""
    return escape(visible(text, keep_breaks=True))
