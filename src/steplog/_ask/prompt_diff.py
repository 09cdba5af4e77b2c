"""What two model calls were shown, and where that differs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import SequenceMatcher, unified_diff
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.said import calls_of, text_of
from steplog._show.preview import as_text, call_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from steplog._format.record import Record
    from steplog._read.runs.step import Step

_MOST_CHARS: Final = 200_000  # of two texts together: beyond it their difference is not looked for in words


@dataclass(frozen=True, slots=True)
class MessageChange:
    """One message of either prompt: `same`, `added` (only the second has it), `removed` (only the first), or `changed`.

    `a` and `b` are its places in the prompts, from 1. `text` is what it says; of a changed one the lines that differ, as in
    `diff -u`.
    """

    change: str
    a: int | None
    b: int | None
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class PromptDiff:
    """How two prompts differ, message by message."""

    messages: tuple[MessageChange, ...]

    @property
    def same(self) -> bool:
        """Whether both calls were shown the same."""
        return all(each.change == "same" for each in self.messages)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain JSON."""
        return {"same": self.same, "messages": [asdict(each) for each in self.messages]}


def prompt_diff(a: Step, b: Step) -> PromptDiff:
    """How the prompt of model call `b` differs from that of `a`: two steps of one run, or of two."""
    return PromptDiff(tuple(_changes(a.prompt, b.prompt)))


def _changes(a: Sequence[Record], b: Sequence[Record]) -> Iterator[MessageChange]:
    left, right = [_said(message) for message in a], [_said(message) for message in b]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for kind, first_a, last_a, first_b, last_b in matcher.get_opcodes():
        for at_a, at_b in zip_longest(range(first_a, last_a), range(first_b, last_b)):
            if kind == "equal":
                yield MessageChange("same", at_a + 1, at_b + 1, *left[at_a])
            elif at_b is None:
                yield MessageChange("removed", at_a + 1, None, *left[at_a])
            elif at_a is None:
                yield MessageChange("added", None, at_b + 1, *right[at_b])
            elif left[at_a][0] != right[at_b][0]:
                yield MessageChange("removed", at_a + 1, None, *left[at_a])
                yield MessageChange("added", None, at_b + 1, *right[at_b])
            else:
                lines = _lines(left[at_a][1], right[at_b][1])
                yield MessageChange("changed", at_a + 1, at_b + 1, left[at_a][0], lines)


def _said(message: Record) -> tuple[str, str]:
    """Who says what, without ids."""
    parts = (text_of(message), *(f"calls {call_text(call)}" for call in calls_of(message)))
    return as_text(message.get("role")), "\n".join(part for part in parts if part)


def _lines(a: str, b: str) -> str:
    if len(a) + len(b) > _MOST_CHARS:
        return f"{len(a)} characters before, {len(b)} now"
    return "\n".join(list(unified_diff(a.split("\n"), b.split("\n"), lineterm="", n=1))[2:])
