"""Model calls of one agent, one after the other, whose prompts grow while nothing new is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.said import calls_of, text_of, texts_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run
    from steplog._read.runs.step import Step

_OFTEN: Final = 3


def standstills(run: Run, agents: Mapping[int, int]) -> Iterator[tuple[tuple[int, ...], int]]:
    """The numbers of such calls, three at least, and the tokens they took."""
    by_agent: dict[int, list[Step]] = {}
    for step in run.steps:
        if step.kind == "llm" and step.prompt_numbers:
            by_agent.setdefault(agents.get(step.number, 0), []).append(step)
    messages = {message.get("m"): _said(message) for message in run.messages} if by_agent else {}
    for several in by_agent.values():
        yield from _stretches(several, messages)


def _stretches(steps: list[Step], messages: Mapping[Json, str]) -> Iterator[tuple[tuple[int, ...], int]]:
    known: set[str] = set()
    before: tuple[int | str, ...] = ()
    still: list[Step] = []
    for step in steps:
        now = step.prompt_numbers
        new = {messages.get(number, "") for number in set(now) - set(before)}
        # The prompt holds all of the one before and more, and each text of that had been said already.
        if before and len(now) > len(before) and set(before) <= set(now) and new <= known:
            still.append(step)
        else:
            yield from _told(still)
            still = []
        known |= new
        before = now
    yield from _told(still)


def _told(still: list[Step]) -> Iterator[tuple[tuple[int, ...], int]]:
    if len(still) >= _OFTEN:
        tokens = sum(tokens_of(step, name) for step in still for name in ("input_tokens", "output_tokens"))
        yield tuple(step.number for step in still), tokens


def _said(message: Record) -> str:
    """What a message says, without the ids that differ each time."""
    calls = (f"{call.get('name')}({texts_of(call.get('args'))})" for call in calls_of(message))
    return "\n".join((str(message.get("role")), text_of(message), *calls))
