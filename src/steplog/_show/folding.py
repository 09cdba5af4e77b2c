"""Repeated stretches of steps, folded: the first of them is drawn, and how often it came again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from steplog._show.preview import entered, left
from steplog._show.stops import stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steplog._show.views import StepView

_LONGEST: Final = 8  # steps in a stretch
_LEAST_SAME: Final = 3
_LEAST_SIMILAR: Final = 8


@dataclass(frozen=True, slots=True)
class Fold:
    """Steps that repeat the ones drawn before them: how often all of it stands there, and whether it is the very same."""

    steps: tuple[StepView, ...]
    times: int
    same: bool


def folded(
    steps: Sequence[StepView], children: Callable[[StepView], Sequence[StepView]]
) -> list[StepView | Fold]:
    """Steps that stand side by side, with a `Fold` behind each stretch that is repeated.

    The same: three times or more the same calls with the same arguments and results. Similar: eight times or more the same
    names that all ended well, whatever they were given.
    """
    found: list[StepView | Fold] = []
    labels = {same: [_label(step, children, same=same) for step in steps] for same in (True, False)}
    at = 0
    while at < len(steps):
        length, times, same = _best(labels, at)
        found.extend(steps[at : at + length])
        if times > 1:
            found.append(Fold(tuple(steps[at + length : at + length * times]), times, same))
        at += length * times
    return found


def _best(labels: dict[bool, list[str]], at: int) -> tuple[int, int, bool]:
    """The stretch at a place that is worth folding: its length, how often it stands there, whether it is the same."""
    room = len(labels[True]) - at
    best = (1, 1, True)
    for same, least in ((True, _LEAST_SAME), (False, _LEAST_SIMILAR)):
        for length in range(1, min(_LONGEST, room // 2) + 1):
            times = _repeats(labels[same], at, length)
            if times >= least and times * length > best[0] * best[1]:
                best = (length, times, same)
        if best[1] > 1:
            break
    return best


def _repeats(labels: Sequence[str], at: int, length: int) -> int:
    unit = labels[at : at + length]
    times = 1
    while labels[at + times * length : at + (times + 1) * length] == unit:
        times += 1
    return times


def _label(step: StepView, children: Callable[[StepView], Sequence[StepView]], *, same: bool) -> str:
    """What two steps must share, with all that is below them."""
    parts: list[str] = []
    stack = [step]
    while stack:
        each = stack.pop()
        parts.append(f"{each.kind} {each.name} {each.status}")
        if each.error is not None:
            parts.append(f"{each.error.get('type')} {each.error.get('message')}")
        if same and each.kind not in ("node", "agent"):
            # A model is asked with a longer prompt each time: what it answers is what it does.
            parts.append(left(each) if each.kind == "llm" else f"{entered(each)} {left(each)}")
        elif not same and not _is_usual(each):
            parts.append(str(each.number))  # like no other
        below = children(each)
        parts.append(str(len(below)))
        stack.extend(reversed(below))
    return "\n".join(parts)


def _is_usual(step: StepView) -> bool:
    return step.status in ("ok", "handoff") and not stopped(step.fields, None)
