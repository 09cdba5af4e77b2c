"""One step on one line: what it is, how long it took, what it used, what went in and came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._show.look import COLOURS, PLAIN, Look
from steplog._show.preview import entered, left
from steplog._show.stops import stopped
from steplog._show.terminal_text import cells_of, one_line
from steplog._show.units import amount, duration
from steplog._show.usage import is_untold, untold_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def step_line(
    step: StepView,
    lead: str,
    look: Look,
    price: Callable[[StepView], str] | None = None,
    below: Mapping[str, int] | None = None,
) -> str:
    """One step on one line behind `lead`, not longer than the line where there is any room.

    price: says what a step cost. below: what an agent used with all that is part of it.
    """
    title = f"{step.kind} {step.name}"
    facts = [duration(step.ms), used(step, look, price, below), ending(step, look)]
    is_free = look.is_wide and not look.has_bars  # a line may be longer: no terminal would break it
    if not look.is_wide:
        # The name gives way first, then what was used: when and how it ended is told in any case.
        if look.columns - cells_of(lead) - _taken(facts) < _LEAST_NAME:
            facts[1] = ""
        title = one_line(
            title, max(_LEAST_NAME, min(look.columns // 3, look.columns - cells_of(lead) - _taken(facts)))
        )
    said = lead + one_line(title, _NAME_CELLS)
    if not look.is_wide:
        facts[2] = one_line(facts[2], max(0, look.columns - cells_of(said) - _taken(facts[:2]) - 2))
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


def used(
    step: StepView,
    look: Look = PLAIN,
    price: Callable[[StepView], str] | None = None,
    below: Mapping[str, int] | None = None,
) -> str:
    """`812/64 tokens, 62% cached, $0.0012`, as far as it is known; of an agent what is `below` it, too: `3 calls, 812/64 tokens`."""
    usage = below or step.usage
    sent, got = (amount(usage.get(name)) for name in ("input_tokens", "output_tokens"))
    untold = (below or {}).get("untold", 0)
    if not (sent or got or untold or is_untold(step)):
        return ""
    read, cached, made = (usage.get(n) for n in ("input_tokens", "cache_read_tokens", "output_tokens"))
    calls = (below or {}).get("llm_calls", 0)
    parts = [f"{calls} call{'' if calls == 1 else 's'}" if calls and look.is_wide else ""]
    parts.append(f"{sent or '?'}/{got or '?'}" + (" tokens" if look.is_wide else ""))
    parts += [
        _share(cached, read, "cached", look),
        _share(usage.get("reasoning_tokens"), made, "reasoning", look),
    ]
    parts += [untold_text(untold) if untold and look.is_wide else "", "" if price is None else price(step)]
    return (", " if look.is_wide else " ").join(part for part in parts if part)


def _share(part: int | None, whole: int | None, what: str, look: Look) -> str:
    """`62% cached`, in narrow places `62%c`; nothing where there is no such part."""
    if not (isinstance(part, int) and isinstance(whole, int) and part and whole):
        return ""
    return f"{100 * part / whole:.0f}%" + (f" {what}" if look.is_wide else what[0])


def ending(step: StepView, look: Look = PLAIN) -> str:
    """How a step ended, in brackets, where that needs saying."""
    words = "" if step.status == "ok" else _ENDED.get(step.status, step.status)
    if not look.is_wide:
        words = _SHORT.get(step.status, words)
    if "ttft_ms" in step.fields and step.status in ("running", "crashed"):
        words = words.replace("running", "streaming its answer")
    notes = [one_line(words, _NAME_CELLS)]
    if step.kind == "llm":
        notes.append(
            one_line(
                stopped(step.fields, step.message, is_brief=not look.is_wide),
                _NAME_CELLS,
            )
        )
    saved = step.recovered_by
    notes.append(f"recovered by step {saved.number}" if saved is not None else "")
    notes.append("from a cache" if step.fields.get("cached") is True else "")
    notes.append("end inferred" if step.implied else "")
    notes.append("start not logged" if step.start_lost else "")
    said = ", ".join(note for note in notes if note)
    return f"[{said}]" if said else ""
