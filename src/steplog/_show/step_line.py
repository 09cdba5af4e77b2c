"""One step on one line: what it is, how long it took, what it used, what went in and came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._show.look import COLOURS, PLAIN, Look
from steplog._show.preview import entered, left
from steplog._show.terminal_text import cells_of, one_line
from steplog._show.units import amount, duration
from steplog._show.usage import is_untold

if TYPE_CHECKING:
    from collections.abc import Callable

    from steplog._show.views import StepView

_LEAST_PREVIEW: Final = 30
_LEAST_NARROW: Final = 8
_LEAST_NAME: Final = 12
_NAME_CELLS: Final = 60
_ENDED: Final = {
    "running": "still running",
    "crashed": "still running when the process died",
    "unfinished": "no end in the log",
    "interrupted": "interrupted: waits for a human",
    "abandoned": "abandoned: nobody read it to the end",
    "handoff": "handed off",
}
_SHORT: Final = {"crashed": "died running", "interrupted": "waits", "abandoned": "abandoned"}


def step_line(step: StepView, lead: str, look: Look, price: Callable[[StepView], str] | None = None) -> str:
    """One step on one line behind `lead`, not longer than the line where there is any room; `price` says what it cost."""
    title = f"{step.kind} {step.name}"
    facts = [duration(step.ms), used(step, look, price), ending(step, look)]
    is_free = look.is_wide and not look.has_bars  # a line may be longer: no terminal would break it
    if not look.is_wide:
        # The name gives way first, then what was used: when and how it ended is told in any case.
        if look.columns - cells_of(lead) - _taken(facts) < _LEAST_NAME:
            facts[1] = ""
        title = one_line(
            title, max(_LEAST_NAME, min(look.columns // 3, look.columns - cells_of(lead) - _taken(facts)))
        )
    said = lead + one_line(title, _NAME_CELLS)
    room = look.columns - cells_of(said) - _taken(facts) - 2
    least = _LEAST_PREVIEW if is_free else _LEAST_NARROW
    text = _what(step, max(least, room), look) if is_free or room >= least else ""
    facts[-1] = look.paint(facts[-1], COLOURS.get(step.status))
    return "  ".join(part for part in (said, *facts, text) if part)


def _taken(facts: list[str]) -> int:
    return sum(2 + cells_of(fact) for fact in facts if fact)


def _what(step: StepView, room: int, look: Look) -> str:
    """What went in and came out; what went in leaves at least half of the room to what came out."""
    before, after = entered(step), left(step)
    if not before or not after:
        return one_line(before or after, room)
    arrow = look.marks[4]
    half = max(room // 2, room - cells_of(one_line(after, room)) - len(arrow))
    first = one_line(before, half)
    return first + arrow + one_line(after, room - cells_of(first) - len(arrow))


def used(step: StepView, look: Look = PLAIN, price: Callable[[StepView], str] | None = None) -> str:
    """`812/64 tokens, 62% cached, $0.0012`, as far as it is known."""
    sent, got = (amount(step.usage.get(name)) for name in ("input_tokens", "output_tokens"))
    if not (sent or got or is_untold(step)):
        return ""
    read, cached = step.usage.get("input_tokens"), step.usage.get("cache_read_tokens")
    parts = [f"{sent or '?'}/{got or '?'}" + (" tokens" if look.is_wide else "")]
    if isinstance(read, int) and isinstance(cached, int) and read and cached:
        parts.append(f"{100 * cached / read:.0f}%" + (" cached" if look.is_wide else "c"))
    cost = price(step) if price is not None else ""
    return (", " if look.is_wide else " ").join([*parts, cost] if cost else parts)


def ending(step: StepView, look: Look = PLAIN) -> str:
    """How a step ended, in brackets, where that needs saying."""
    words = "" if step.status == "ok" else _ENDED.get(step.status, step.status)
    if not look.is_wide:
        words = _SHORT.get(step.status, words)
    if "ttft_ms" in step.fields and step.status in ("running", "crashed"):
        words = words.replace("running", "streaming its answer")
    notes = [one_line(words, _NAME_CELLS)]
    saved = step.recovered_by
    notes.append(f"recovered by step {saved.number}" if saved is not None else "")
    notes.append("from a cache" if step.fields.get("cached") is True else "")
    notes.append("end inferred" if step.implied else "")
    notes.append("start not logged" if step.start_lost else "")
    said = ", ".join(note for note in notes if note)
    return f"[{said}]" if said else ""
