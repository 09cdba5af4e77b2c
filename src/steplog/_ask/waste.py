"""What a run did in vain: loops without progress, caches missed, results that nobody used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.agents import agents_of
from steplog._ask.calls import Call, calls_of_run
from steplog._ask.said import model_of, own_error, tokens_of
from steplog._ask.standstill import standstills
from steplog._read.runs.fingerprints import kind_of_message
from steplog._show.preview import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_OFTEN: Final = 3
_CACHEABLE_TOKENS: Final = 1024  # below it no provider caches a prompt
_CACHE_SECONDS: Final = 300  # how long the shortest-lived caches last


@dataclass(frozen=True, slots=True)
class Waste:
    """One thing that was done in vain.

    `kind`: `repeated_call` (one tool, the same arguments, the same result, three times or more), `alternating_calls` (two
    calls in turn), `repeated_error`, `standstill` (a prompt that grows while nothing new is said), `cache_missed` (the
    prompt began as the one before, and nothing of it came from the provider's cache), `unused_result` (a model asked for a
    tool, and no model was shown what it gave). `steps` are their numbers, `sentence` says it in words, `tokens` is what the
    models read and wrote in those steps.
    """

    kind: str
    steps: tuple[int, ...]
    sentence: str
    tokens: int = 0

    def as_json(self) -> dict[str, Any]:
        """The finding as plain JSON."""
        return {**asdict(self), "steps": list(self.steps)}


def waste(run: Run) -> tuple[Waste, ...]:
    """What the run did in vain, by the step where it began.

    A tool that is asked again and again and answers something else each time (polling) is no waste.
    """
    agents = agents_of(run)
    calls = calls_of_run(run, agents)
    found = [*_loops(calls), *_repeated_errors(run)]
    known = {number for each in found for number in each.steps}
    found.extend(
        Waste(
            "standstill",
            steps,
            f"{len(steps)} model calls with longer prompts and nothing new in them",
            tokens,
        )
        for steps, tokens in standstills(run, agents)
        if not known & set(range(steps[0], steps[-1] + 1))
    )
    found.extend(_missed_caches(run, agents))
    found.extend(_unused_results(run, calls))
    return tuple(sorted(found, key=lambda each: each.steps))


def _loops(calls: Sequence[Call]) -> Iterator[Waste]:
    by_agent: dict[int, list[Call]] = {}
    for call in calls:
        by_agent.setdefault(call.agent, []).append(call)
    for several in by_agent.values():
        alternating = list(_alternations(several))
        inside = {call.number for stretch in alternating for call in stretch}
        for stretch in alternating:
            names = f"{stretch[0].said} and {stretch[1].said}"
            yield Waste(
                "alternating_calls",
                tuple(call.number for call in stretch),
                f"{names} in turn, {len(stretch)} calls, each with the same result every time",
            )
        groups: dict[tuple[str, str], list[Call]] = {}
        for call in several:
            if call.number not in inside and not call.failed:
                groups.setdefault((call.name, call.args), []).append(call)
        for group in groups.values():
            if len(group) >= _OFTEN and len({call.result for call in group}) == 1:
                numbers = tuple(call.number for call in group)
                yield Waste(
                    "repeated_call", numbers, f"{group[0].said} {len(group)} times with the same result"
                )


def _alternations(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    """Stretches A B A B A B, in which A and B each give the same result every time."""
    start = 0
    while start + 2 * _OFTEN <= len(calls):
        end = start + 2
        while end < len(calls) and calls[end].what == calls[end - 2].what:
            end += 1
        differ = calls[start].what != calls[start + 1].what
        if differ and end - start >= 2 * _OFTEN:
            yield calls[start:end]
            start = end
        else:
            start += 1


def _repeated_errors(run: Run) -> Iterator[Waste]:
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for step in run.steps:
        error = own_error(step)
        if error is not None:
            type_, message = as_text(error.get("type")), kind_of_message(as_text(error.get("message")))
            groups.setdefault((step.kind, step.name, type_, message), []).append(step.number)
    for (kind, name, type_, message), numbers in groups.items():
        if len(numbers) >= _OFTEN:
            what = f"{type_}: {message}".strip(": ") or "an error"
            yield Waste(
                "repeated_error", tuple(numbers), f"{kind} {name} failed {len(numbers)} times with {what}"
            )


def _missed_caches(run: Run, agents: dict[int, int]) -> Iterator[Waste]:
    missed: list[Step] = []
    lines: dict[tuple[int, str], list[Step]] = {}
    for step in run.steps:
        if step.kind == "llm" and not step.fields.get("cached"):
            lines.setdefault((agents.get(step.number, 0), model_of(step)), []).append(step)
    for several in lines.values():
        # Where no call ever was cached, nothing says that the provider caches at all.
        if any(tokens_of(step, "cache_read_tokens") for step in several):
            missed.extend(later for earlier, later in pairwise(several) if _is_missed(earlier, later))
    if missed:
        numbers = tuple(step.number for step in missed)
        lost = sum(tokens_of(step, "input_tokens") for step in missed)
        sentence = (
            f"{len(missed)} model calls began with the prompt before, and none of it came from the cache"
        )
        yield Waste("cache_missed", numbers, sentence, lost)


def _is_missed(earlier: Step, later: Step) -> bool:
    before, now = earlier.prompt_numbers, later.prompt_numbers
    same = (
        bool(before)
        and now[: len(before)] == before
        and earlier.fields.get("tools") == later.fields.get("tools")
    )
    if (
        not same
        or tokens_of(earlier, "input_tokens") < _CACHEABLE_TOKENS
        or not tokens_of(later, "input_tokens")
    ):
        return False
    if earlier.started is None or later.started is None or tokens_of(later, "cache_read_tokens"):
        return False
    return (later.started - earlier.started).total_seconds() < _CACHE_SECONDS


def _unused_results(run: Run, calls: Iterable[Call]) -> Iterator[Waste]:
    prompts = [(step.number, frozenset(step.prompt_numbers)) for step in run.steps if step.kind == "llm"]
    last = prompts[-1][0] if prompts else 0
    returned = {number for number in _numbers_in(run) if number is not None}
    for call in calls:
        if call.message is None or call.failed or not call.is_asked_for or call.number > last:
            continue
        seen = any(call.message in shown for number, shown in prompts if number > call.number)
        if not seen and call.message not in returned:
            sentence = f"no model was shown what {call.said} gave"
            yield Waste("unused_result", (call.number,), sentence)


def _numbers_in(run: Run) -> Iterator[int | None]:
    """The numbers of the messages in what the run returned: who called it may have used them."""
    stack: list[Any] = [run.output]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            number = value.get("m")
            yield number if isinstance(number, int) else None
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
