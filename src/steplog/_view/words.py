"""What a run was asked, what it answered, what it asks a human, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from steplog._show.preview import as_text, brief, message_text

if TYPE_CHECKING:
    from steplog._format.record import Json, Record

HEAD: Final = 300  # characters of a text that a row keeps
_THOUGHTS: Final = frozenset({"thinking", "reasoning", "redacted_thinking"})


def asked(given: Json) -> str:
    """A run's input in words: of a mapping that only holds a text, that; of a run that goes on, what the human answered."""
    if given is None:
        return ""
    fields = cast("Record", given) if isinstance(given, dict) else {}
    if "resume" in fields:
        return f"⤷ a human answered: “{as_text(fields['resume'])}”"
    held = fields.get("messages", given)
    last = cast("list[Json]", held)[-1] if isinstance(held, list) and held else None
    if isinstance(last, dict) and "role" in last:
        return message_text(said(cast("Record", last)))
    only = next(iter(fields.items())) if len(fields) == 1 else ("$", None)
    return only[1] if isinstance(only[1], str) and not only[0].startswith("$") else brief(given)


def question(value: Json) -> str:
    if isinstance(value, dict):
        for name in ("question", "message", "prompt", "description"):
            if isinstance(value.get(name), str):
                return str(value[name])
    return as_text(value)


def given(args: Json) -> str:
    if not isinstance(args, dict):
        return as_text(args)
    fields = cast("Record", args)
    if len(fields) == 1:
        return as_text(next(iter(fields.values())))
    return ", ".join(f"{n}: {'null' if v is None else as_text(v)}" for n, v in fields.items())


def said(message: Record) -> Record:
    """A message without the blocks in which a model only thinks, and with a word for each image."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    said: list[Json] = []
    for block in cast("list[Json]", content):
        kind = str(block.get("type")) if isinstance(block, dict) else ""
        if "image" in kind:
            said.append({"type": "text", "text": "[image]"})
        elif kind not in _THOUGHTS:
            said.append(block)
    return {**message, "content": said}


def error(error: Json) -> dict[str, str] | None:
    if not isinstance(error, dict):
        return None
    return {"type": str(error.get("type", "error")), "message": head(as_text(error.get("message")))}


def head(text: str, most: int = HEAD) -> str:
    """The beginning of a text on one line, without half a character."""
    head = " ".join(text[: most * 2].split())
    return head if len(head) <= most else head[: most - 1] + "…"
