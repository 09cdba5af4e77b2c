"""Why a model stopped, where its answer is not what it would have been: cut off, filtered, paused, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from steplog._show.content_blocks import parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steplog._format.record import Json, Record

# The providers' words for an answer that is as the model wanted it; any other word is told.
_AS_WANTED: Final = frozenset(
    {
        "stop", "end", "end_turn", "eos", "eos_token", "complete", "completed", "finished", "stop_sequence", "tool_calls", "tool_call",
        "tool_use", "function_call", "function_calls",
    }
)  # fmt: skip
_REFUSED: Final = "refusal"


def stopped(fields: Mapping[str, Json], message: Mapping[str, Json] | None, *, is_brief: bool = False) -> str:
    """`stopped: length`, `refused`, both, or nothing of an answer that came to its own end; brief: the provider's word alone.

    fields: those of the call, or of its last line. message: the answer.
    """
    reason = fields.get("finish_reason")
    word = reason if isinstance(reason, str) else ""
    is_usual = not word or word.rpartition(".")[2].lower() in _AS_WANTED
    words = [] if is_usual or word == _REFUSED else [word if is_brief else f"stopped: {word}"]
    if word == _REFUSED or refusal_beside(fields) or refusal_of(message):
        words.append("refused")
    return ", ".join(words)


def refusal_of(message: Mapping[str, Json] | None) -> str:
    """With which words a model refused to answer, as OpenAI's say it in place of a content; empty if it did not."""
    content = None if message is None else message.get("content")
    if isinstance(content, list):
        return next((part.text for part in parts_of(content) if part.label == _REFUSED), "")
    return refusal_beside(message)


def refusal_beside(told: Mapping[str, Json] | None) -> str:
    """The same where it stands under `extra`, of a message or of the call itself."""
    extra = None if told is None else told.get("extra")
    said = cast("Record", extra).get(_REFUSED) if isinstance(extra, dict) else None
    return said if isinstance(said, str) else ""
