"""What a run answered, and whether two answers say the same."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from steplog._show.preview import brief, message_text

if TYPE_CHECKING:
    from steplog._format.record import Json
    from steplog._read.runs.run import Run

_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|\w+")


def answer_of(run: Run) -> str:
    """The text that a run gave back; where it returned nothing, that of its last model call."""
    if run.output is not None:
        return _said(run.output)
    said = [step.message for step in run.steps if step.kind == "llm" and step.message is not None]
    return message_text(said[-1]) if said else ""


def _said(output: Json) -> str:
    """The answer in what was returned: LlamaIndex's agents keep it as the `response` of what they return."""
    held = output.get("response") if isinstance(output, dict) else None
    return brief(output if held is None else held)


def likeness(a: str, b: str) -> float:
    """How much two texts have in common, word by word and in order, from 0 to 1; case and punctuation do not count."""
    words = [_WORD.findall(text.casefold()) for text in (a, b)]
    return SequenceMatcher(None, *words, autojunk=False).ratio()
