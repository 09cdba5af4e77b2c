"""A run as a tree: one line a step, errors in full, and what was under way when it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from steplog._show.below import used_by_agents
from steplog._show.folding import Fold, folded
from steplog._show.look import COLOURS, PLAIN, Look
from steplog._show.outline import outline, without_idle
from steplog._show.preview import as_text, brief, entered
from steplog._show.step_line import step_line
from steplog._show.terminal_text import as_json, cells_of, one_line, visible
from steplog._show.units import amount, clock, duration
from steplog._show.usage import untold_calls, untold_text
from steplog._show.waterfall import Waterfall
from steplog._show.wrapping import in_lines, prose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from steplog._format.record import Json
    from steplog._show.outline import Outline
    from steplog._show.views import AnswerView, RunView, StepView

_DEEPEST: Final = 20  # levels drawn as branches; below, the depth is said
_NAME_CELLS: Final = 60
_COUNTS: Final = (
    ("steps", "step"), ("llm_calls", "llm call"), ("tool_calls", "tool call"), ("errors", "error"),
    ("retries", "retry"), ("interrupts", "interrupt"),
)  # fmt: skip
_HOW: Final = {"cause": "caused by", "context": "while handling", "group": "one of them"}
_SHOWN_AT_STOP: Final = ("args", "query", "input", "params")


class Part(NamedTuple):
    """How much of a run is drawn: which steps (all, without an outline), repeated stretches folded or not, and prices."""

    outline: Outline | None = None
    fold: bool = True
    price: Callable[[StepView], str] | None = None


WHOLE: Final = Part()


def run_lines(run: RunView, look: Look = PLAIN, part: Part = WHOLE) -> Iterator[str]:
    """The whole picture of a run, line by line."""
    yield from header(run, look)
    if run.steps:
        yield ""
        yield from tree_lines(run, look, part)
    if run.in_flight:
        yield ""
        yield from in_flight_lines(run, look)
    if run.error is not None:
        yield ""
        yield from error_lines(run.error, "", look)
    yield ""
    untold = untold_calls(run.steps)
    totals = f"totals: {totals_text(run.totals)}" + (f", {untold_text(untold)}" if untold else "")
    yield from in_lines(totals.split(", "), ", ", look)
    if run.totals_note:
        yield from prose(visible(run.totals_note), look)


def header(run: RunView, look: Look) -> Iterator[str]:
    """What the run is: name, status and duration on the first line, then facts, input and output."""
    title = [
        one_line(run.name, min(_NAME_CELLS, max(20, look.columns - 24))) or "(no name)",
        look.paint(visible(run.status), COLOURS.get(run.status)),
    ]
    yield "  ".join([*title, duration(run.ms)]).rstrip()
    facts = [f"run {run.id}", f"started {clock(run.started)}", run.framework]
    facts.append(f"thread {run.thread}" if run.thread else "")
    facts.append(f"resumes {run.goes_on_from}" if run.goes_on_from else "")
    facts.append(f"part of run {run.parent_run} step {run.parent_step or '?'}" if run.parent_run else "")
    yield from in_lines((visible(fact) for fact in facts if fact), "  ", look)
    for label, value in (("in", run.input), ("out", run.output)):
        if value is not None:
            yield f"{label:<4} {one_line(brief(value), look.columns - 5)}"
    for each in run.answers:
        yield _answer_line(run, each, look)
    config = run.config()
    if config is not None:
        yield "waits for a human; to resume: config=" + visible(as_json(config))


def _answer_line(run: RunView, answer: AnswerView, look: Look) -> str:
    """What was asked, where, and what was answered, which has at least half of the room."""
    place = f"step {answer.step}" + (f" of run {answer.run}" if answer.run != run.id else "")
    said = look.marks[4] + one_line(brief(answer.answer), look.columns // 2)
    room = look.columns - cells_of(said)
    return one_line(f"answers {place}: {brief(answer.question)}", room) + said


def tree_lines(run: RunView, look: Look, part: Part = WHOLE) -> Iterator[str]:
    """The steps that the outline has, one a line, with bars on the time axis of the run."""
    drawn = outline(run) if part.outline is None else part.outline
    drawn, idle = without_idle(drawn) if part.fold and part.outline is None else (drawn, 0)
    time, agents = Waterfall(run, look), used_by_agents(run)
    width = len(str(run.steps[-1].number))
    deepest = min(_DEEPEST, look.columns // 8)
    # A stack of (step, prefix, depth, is last) instead of recursion: a damaged log may nest without end.
    stack = _pushed(_siblings(None, drawn, part), "", 0)
    while stack:
        step, prefix, depth, is_last = stack.pop()
        branch = prefix + look.marks[1 if is_last else 0] if depth < deepest else f"{prefix}(depth {depth}) "
        below = prefix if depth >= deepest else prefix + look.marks[3 if is_last else 2]
        if isinstance(step, Fold):
            yield _fold_line(step, f"{'':>{width}} {'':{time.cells + bool(time.cells)}}{branch}", look)
            continue
        lead = f"{step.number:>{width}} {time.bar(step)}{branch}"
        yield step_line(step, lead, look, part.price, agents.get(step.number))
        if step.error is not None:
            yield from _error_at(step.error, " " * (width + 1 + time.cells + bool(time.cells)) + below, look)
        stack.extend(_pushed(_siblings(step.number, drawn, part), below, depth + 1))
    if idle:
        yield f"{'':>{width}} {idle} step{'' if idle == 1 else 's'} of middleware around nothing not drawn (--full)"


def _siblings(number: int | None, drawn: Outline, part: Part) -> Sequence[StepView | Fold]:
    steps = drawn.get(number, ())
    return folded(steps, lambda step: drawn.get(step.number, ())) if part.fold else steps


def _pushed(
    steps: Sequence[StepView | Fold], prefix: str, depth: int
) -> list[tuple[StepView | Fold, str, int, bool]]:
    return [(step, prefix, depth, step is steps[-1]) for step in reversed(steps)]


def _fold_line(fold: Fold, lead: str, look: Look) -> str:
    """A repeated stretch on one line: how often it stands there in all, as what, and how long that took."""
    first, last = fold.steps[0], fold.steps[-1]
    length = len(fold.steps) // (fold.times - 1)
    what = "this" if length == 1 else f"these {length}"
    took = duration(sum(step.ms or 0 for step in fold.steps))
    while last.children:
        last = last.children[-1]
    numbers = (
        f"steps {first.number} to {last.number}" if last.number > first.number else f"step {first.number}"
    )
    given = "" if fold.same else "; " + ", ".join(text for step in fold.steps if (text := entered(step)))
    alike = "the same" if fold.same else "alike"
    return lead + one_line(
        f"{what} x {fold.times}, {alike}: {numbers}, {took}{given}", max(20, look.columns - cells_of(lead))
    )


def error_lines(error: Mapping[str, Json], indent: str, look: Look) -> Iterator[str]:
    """An error in full, with its causes; or, where it only passed through, the step it came from."""
    facts = [
        f"{part}={as_text(error[part])}" for part in ("http_status", "code", "request_id") if part in error
    ]
    origin = f" (from step {error['step']})" if "step" in error else ""
    head = f"! {_said(error, origin)}{''.join(' ' + fact for fact in facts)}"
    yield from _red(head, indent, look)
    stack = error.get("stack")
    for place in stack if isinstance(stack, list) else ():
        yield from (indent + piece for piece in _wrapped(f"    {visible(as_text(place))}", indent, look))
    causes = error.get("causes")
    for cause in causes if isinstance(causes, list) else ():
        yield from _cause_lines(cause, indent, look)


def _cause_lines(cause: Json, indent: str, look: Look) -> Iterator[str]:
    if not isinstance(cause, dict) or "type" not in cause:  # more than the log keeps
        yield f"{indent}  {visible(as_text(cause))}"
        return
    depth = cause.get("depth")
    indent += "  " * (min(depth, _DEEPEST) if isinstance(depth, int) else 1)
    yield from _red(f"{_HOW.get(str(cause.get('how')), 'caused by')} {_said(cause)}", indent, look)
    if "at" in cause:
        yield from (
            indent + piece for piece in _wrapped(f"    {visible(as_text(cause['at']))}", indent, look)
        )


def _said(error: Mapping[str, Json], origin: str = "") -> str:
    """An exception's type, what it says, and what was noted to it."""
    name = ".".join(str(error[part]) for part in ("module", "type") if error.get(part))
    notes = error.get("notes")
    lines = [as_text(error.get("message")), *map(as_text, notes if isinstance(notes, list) else ())]
    return f"{name or 'error'}{origin}: " + "\n".join(line for line in lines if line)


def _red(text: str, indent: str, look: Look) -> Iterator[str]:
    for at, line in enumerate(visible(text, keep_breaks=True).split("\n")):
        for piece in _wrapped(f"  {line}" if at else line, indent, look):
            yield indent + look.paint(piece, "red")


def _wrapped(text: str, indent: str, look: Look) -> Iterator[str]:
    """The text in as many lines as it needs where lines are short; where they are not, in one that can be copied."""
    room = max(20, look.columns - cells_of(indent))
    if look.is_wide or cells_of(text) <= room:
        yield text
        return
    start = used = 0
    lead = ""
    for at, char in enumerate(text):
        used += cells_of(char)
        if used > room - len(lead):
            yield lead + text[start:at]
            start, used, lead = at, cells_of(char), "      "
    yield lead + text[start:]


def _error_at(error: Mapping[str, Json], indent: str, look: Look) -> Iterator[str]:
    """A step's error in full; where it only passed through, just where it came from."""
    if "step" in error:
        yield indent + look.paint(visible(f"! {error.get('type', 'error')} from step {error['step']}"), "red")
    else:
        yield from error_lines(error, indent, look)


def in_flight_lines(run: RunView, look: Look = PLAIN) -> Iterator[str]:
    """The steps that have no end, with what they were given."""
    words = {"running": "running now:", "crashed": "still running when the process died:"}
    yield words.get(run.status, "without an end in the log:")
    for step in run.in_flight:
        given = [f"{name} {as_text(step.field(name))}" for name in _SHOWN_AT_STOP if name in step.fields]
        yield from _wrapped(f"  {step.number} {visible(' '.join([step.kind, step.name, *given]))}", "", look)


def totals_text(totals: Mapping[str, Json]) -> str:
    """Counts and sums, in words."""
    parts: list[str] = []
    for field, word in _COUNTS:
        count = totals.get(field)
        if isinstance(count, int) and count:
            parts.append(f"{count} {word if count == 1 else _plural(word)}")
    for field, word in (("input_tokens", "in"), ("output_tokens", "out")):
        if totals.get(field):
            parts.append(f"{amount(totals[field])} tokens {word}")
    models = totals.get("models")
    if isinstance(models, list) and models:
        parts.append("models " + ", ".join(visible(str(model)) for model in models))
    return ", ".join(parts) or "nothing"


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"
