"""A run as a tree: one line a step, errors in full, and what was under way when it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from steplog._show.preview import as_text, brief, entered, left
from steplog._show.terminal_text import as_json, cells_of, one_line, visible
from steplog._show.units import amount, clock, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from steplog._format.record import Json
    from steplog._show.views import RunView, StepView

BRANCHES: Final = ("├─ ", "└─ ", "│  ", "   ", " → ")
ASCII: Final = ("|- ", "`- ", "|  ", "   ", " -> ")
COLOURS: Final = {
    "error": "red", "crashed": "red", "running": "cyan", "interrupted": "yellow", "cancelled": "yellow",
    "abandoned": "yellow", "unfinished": "yellow", "ok": "green",
}  # fmt: skip
_DEEPEST: Final = 20  # levels drawn as branches; below, the depth is said
_LEAST_PREVIEW: Final = 30
_NAME_CELLS: Final = 60
_ENDED: Final = {
    "running": "still running",
    "crashed": "still running when the process died",
    "unfinished": "no end in the log",
    "interrupted": "interrupted: waits for a human",
    "abandoned": "abandoned: nobody read it to the end",
    "handoff": "handed off",
}
_COUNTS: Final = (
    ("steps", "step"), ("llm_calls", "llm call"), ("tool_calls", "tool call"), ("errors", "error"),
    ("retries", "retry"), ("interrupts", "interrupt"),
)  # fmt: skip
_HOW: Final = {"cause": "caused by", "context": "while handling", "group": "one of them"}
_SHOWN_AT_STOP: Final = ("args", "query", "input", "params")


class Look(NamedTuple):
    """What the place can show: how wide a line is, what branches are drawn with, and how a colour is put on a text."""

    columns: int
    marks: tuple[str, str, str, str, str]
    paint: Callable[[str, str | None], str]


def _unpainted(text: str, colour: str | None) -> str:
    del colour
    return text


PLAIN: Final = Look(140, BRANCHES, _unpainted)


def run_lines(run: RunView, look: Look = PLAIN) -> Iterator[str]:
    """The whole picture of a run, line by line."""
    yield from header(run, look)
    steps = run.steps
    if steps:
        yield ""
        yield from _step_lines(run, look)
    if run.in_flight:
        yield ""
        yield from in_flight_lines(run)
    if run.error is not None:
        yield ""
        yield from error_lines(run.error, "", look)
    yield ""
    yield f"totals: {totals_text(run.totals)}"


def header(run: RunView, look: Look) -> Iterator[str]:
    """What the run is: name, status and duration on the first line, then facts, input and output."""
    title = [
        one_line(run.name, _NAME_CELLS) or "(no name)",
        look.paint(visible(run.status), COLOURS.get(run.status)),
    ]
    yield "  ".join([*title, duration(run.ms)]).rstrip()
    facts = [f"run {run.id}", f"started {clock(run.started)}", run.framework]
    facts.append(f"thread {run.thread}" if run.thread else "")
    facts.append(f"resumes {run.resumes}" if run.resumes else "")
    facts.append(f"part of run {run.parent_run} step {run.parent_step or '?'}" if run.parent_run else "")
    yield visible("  ".join(fact for fact in facts if fact))
    for label, value in (("in", run.input), ("out", run.output)):
        if value is not None:
            yield f"{label:<4} {one_line(brief(value), look.columns - 5)}"
    config = run.config()
    if config is not None:
        yield "waits for a human; to resume: config=" + visible(as_json(config))


def _step_lines(run: RunView, look: Look) -> Iterator[str]:
    width = len(str(run.steps[-1].number))
    marks = look.marks
    # A stack of (step, prefix, depth, is last) instead of recursion: a damaged log may nest without end.
    stack = _pushed(run.children, "", 0)
    while stack:
        step, prefix, depth, is_last = stack.pop()
        branch = prefix + marks[1 if is_last else 0] if depth < _DEEPEST else f"{prefix}(depth {depth}) "
        yield step_line(step, f"{step.number:>{width}} {branch}", look)
        below = prefix if depth >= _DEEPEST else prefix + marks[3 if is_last else 2]
        if step.error is not None:
            yield from _error_at(step.error, " " * (width + 1) + below, look)
        stack.extend(_pushed(step.children, below, depth + 1))


def _pushed(steps: Sequence[StepView], prefix: str, depth: int) -> list[tuple[StepView, str, int, bool]]:
    return [(step, prefix, depth, step is steps[-1]) for step in reversed(steps)]


def step_line(step: StepView, lead: str, look: Look) -> str:
    """One step on one line: kind, name, duration, tokens, how it ended, what went in and came out."""
    said = f"{lead}{one_line(f'{step.kind} {step.name}', _NAME_CELLS)}"
    facts = [duration(step.ms), tokens(step), ending(step)]
    used = cells_of(said) + sum(2 + cells_of(fact) for fact in facts if fact)
    what = [
        one_line(text, max(_LEAST_PREVIEW, look.columns - used))
        for text in (entered(step), left(step))
        if text
    ]
    room = max(_LEAST_PREVIEW, look.columns - used - 2)
    if len(what) > 1:
        # What went in leaves at least half of the room to what came out.
        half = max(room // 2, room - cells_of(what[1]) - len(look.marks[4]))
        first = one_line(entered(step), half)
        what = [first, one_line(left(step), room - cells_of(first) - len(look.marks[4]))]
    facts[-1] = look.paint(facts[-1], COLOURS.get(step.status))
    return "  ".join(part for part in (said, *facts, look.marks[4].join(what)) if part)


def tokens(step: StepView) -> str:
    """`812/64 tokens`, or nothing."""
    sent, got = (amount(step.usage.get(name)) for name in ("input_tokens", "output_tokens"))
    return f"{sent or '?'}/{got or '?'} tokens" if sent or got else ""


def ending(step: StepView) -> str:
    """How a step ended, in brackets, where that needs saying."""
    words = "" if step.status == "ok" else _ENDED.get(step.status, step.status)
    if "ttft_ms" in step.fields and step.status in ("running", "crashed"):
        words = words.replace("running", "streaming its answer")
    notes = [one_line(words, _NAME_CELLS)]
    notes.append("end inferred" if step.implied else "")
    notes.append("start not logged" if step.start_lost else "")
    said = ", ".join(note for note in notes if note)
    return f"[{said}]" if said else ""


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
        yield f"{indent}    {visible(as_text(place))}"
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
        yield f"{indent}    {visible(as_text(cause['at']))}"


def _said(error: Mapping[str, Json], origin: str = "") -> str:
    """An exception's type, what it says, and what was noted to it."""
    name = ".".join(str(error[part]) for part in ("module", "type") if error.get(part))
    notes = error.get("notes")
    lines = [as_text(error.get("message")), *map(as_text, notes if isinstance(notes, list) else ())]
    return f"{name or 'error'}{origin}: " + "\n".join(line for line in lines if line)


def _red(text: str, indent: str, look: Look) -> Iterator[str]:
    for at, line in enumerate(visible(text, keep_breaks=True).split("\n")):
        yield indent + look.paint(f"  {line}" if at else line, "red")


def _error_at(error: Mapping[str, Json], indent: str, look: Look) -> Iterator[str]:
    """A step's error in full; where it only passed through, just where it came from."""
    if "step" in error:
        yield indent + look.paint(visible(f"! {error.get('type', 'error')} from step {error['step']}"), "red")
    else:
        yield from error_lines(error, indent, look)


def in_flight_lines(run: RunView) -> Iterator[str]:
    """The steps that have no end, with what they were given."""
    words = {"running": "running now:", "crashed": "still running when the process died:"}
    yield words.get(run.status, "without an end in the log:")
    for step in run.in_flight:
        given = [f"{name} {as_text(step.field(name))}" for name in _SHOWN_AT_STOP if name in step.fields]
        yield f"  {step.number} {visible(' '.join([step.kind, step.name, *given]))}"


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
