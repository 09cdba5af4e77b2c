"""Two runs side by side: their calls aligned, the first difference named, and what each took."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.alignment import Call, aligned, calls_in
from steplog._ask.postmortem import asked_of
from steplog._ask.spending import spending_of
from steplog._show.preview import brief

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from steplog._read.runs.run import Run

_COUNTS: Final = (
    "steps", "llm_calls", "tool_calls", "errors", "retries", "input_tokens", "cache_read_tokens", "output_tokens",
    "reasoning_tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two calls that stand in the same place, or one that the other run does not have (None).

    `differs` names what is not the same: `tool`, `model`, `prompt`, `arguments`, `answer`, `calls`, `result`, `query`,
    `documents`, `status`; `missing` where one of them is not there.
    """

    a: int | None
    b: int | None
    what: str
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where two runs first differ: the steps (0: the run itself; None: not there), what differs, and both sides in words."""

    a: int | None
    b: int | None
    what: str
    a_said: str
    b_said: str


@dataclass(frozen=True, slots=True)
class Sides:
    """One figure of both runs."""

    name: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Dearer:
    """A pair of model calls that cost differently: tokens read and written, and US dollars, on both sides."""

    a: int | None
    b: int | None
    a_tokens: tuple[int, int]
    b_tokens: tuple[int, int]
    a_cost: float
    b_cost: float


@dataclass(frozen=True, slots=True)
class Diff:
    """How two runs differ. Ids and times do not count, and nor do nodes, which another framework would not have.

    `first` is None if they do the same; then `pairs` differ nowhere. `totals` are figures of both, milliseconds and US
    dollars (where there are prices) among them. `dearer` are the model calls that make the difference in cost, the
    largest first.
    """

    a: str
    b: str
    first: Divergence | None
    pairs: tuple[Pair, ...]
    totals: tuple[Sides, ...]
    dearer: tuple[Dearer, ...]

    @property
    def same(self) -> bool:
        """Whether they did the same."""
        return self.first is None

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "same": self.same,
            "first": None if self.first is None else asdict(self.first),
            "pairs": [asdict(pair) | {"differs": list(pair.differs)} for pair in self.pairs],
            "totals": {each.name: {"a": each.a, "b": each.b} for each in self.totals},
            "dearer": [asdict(each) for each in self.dearer],
        }


def diff(a: Run, b: Run) -> Diff:
    """How run `b` differs from run `a`, of the same framework or of another, from the same log or from another."""
    calls_a, calls_b = calls_in(a), calls_in(b)
    found = list(aligned(calls_a, calls_b))
    pairs = tuple(_pairs(found))
    return Diff(
        a=a.id,
        b=b.id,
        first=next(_divergences(a, b, found, pairs), None),
        pairs=pairs,
        totals=tuple(_totals(a, b)),
        dearer=_dearer(found),
    )


def _pairs(found: Sequence[tuple[Call | None, Call | None]]) -> Iterator[Pair]:
    diverged = False
    for a, b in found:
        if a is None or b is None:
            there = a or b
            yield Pair(a and a.number, b and b.number, "" if there is None else there.said, ("missing",))
            diverged = True
            continue
        # Once anything differs every later prompt does: only the first says something.
        differs = tuple(a.differences(b, prompts=not diverged))
        diverged = diverged or bool(differs)
        yield Pair(a.number, b.number, a.said, differs)


def _divergences(
    a: Run, b: Run, found: Sequence[tuple[Call | None, Call | None]], pairs: Sequence[Pair]
) -> Iterator[Divergence]:
    asked_a, asked_b = asked_of(a), asked_of(b)
    # Each framework puts a question in a form of its own; what the first model was shown is compared in any case.
    if asked_a != asked_b and a.framework == b.framework:
        yield Divergence(0, 0, "input", asked_a, asked_b)
    for (left, right), pair in zip(found, pairs, strict=True):
        if pair.differs:
            what = pair.differs[0]
            sides = [
                call.side(what, other) if call else "(not there)"
                for call, other in ((left, right), (right, left))
            ]
            yield Divergence(pair.a, pair.b, what, *sides)
    if a.status != b.status:
        yield Divergence(0, 0, "status", a.status, b.status)
    left_out, right_out = brief(a.output), brief(b.output)
    if left_out != right_out and a.framework == b.framework:
        yield Divergence(0, 0, "output", left_out, right_out)


def _totals(a: Run, b: Run) -> Iterator[Sides]:
    for name in _COUNTS:
        left, right = (run.totals.get(name, 0) for run in (a, b))
        if isinstance(left, int) and isinstance(right, int) and (left or right):
            yield Sides(name, left, right)
    if a.ms is not None and b.ms is not None:
        yield Sides("ms", a.ms, b.ms)
    spent = [spending_of(run.steps) for run in (a, b)]
    if any(each.priced for each in spent):
        yield Sides("cost", *(float(each.cost) for each in spent))


def _dearer(found: Sequence[tuple[Call | None, Call | None]]) -> tuple[Dearer, ...]:
    several: list[Dearer] = []
    for a, b in found:
        cost_a, cost_b = _cost(a), _cost(b)
        if cost_a != cost_b:
            tokens_a, tokens_b = ((0, 0) if call is None else call.tokens for call in (a, b))
            sides = a and a.number, b and b.number
            several.append(Dearer(*sides, tokens_a, tokens_b, float(cost_a), float(cost_b)))
    several.sort(key=lambda each: abs(each.b_cost - each.a_cost), reverse=True)
    return tuple(several)


def _cost(call: Call | None) -> Decimal:
    return spending_of([] if call is None else [call.step]).cost
