"""A conversation as text: drawn from its plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._show.terminal_text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._show.look import Look

_INDENT: Final = "   "
_DEEPEST: Final = 8
_MOST_CHARS: Final = 2_000  # of one turn, unless all is asked for
_COLOURS: Final = {
    "user": "green",
    "answer": "green",
    "assistant": "cyan",
    "question": "yellow",
    "error": "red",
    "end": "red",
}
_ENDS: Final = {
    "crashed": "the process died here",
    "error": "it failed",
    "interrupted": "it waited for the answer",
    "cancelled": "it was cancelled",
    "abandoned": "nobody read on",
    "running": "it is still running",
    "unfinished": "its end is not in the log",
}


def chat_lines(page: Mapping[str, Any], look: Look, *, full: bool = False) -> Iterator[str]:
    """The conversation, a turn after the other; long ones are shortened unless `full`."""
    runs = page["runs"]
    title = f"thread {page['thread']}, " if page["thread"] else ""
    yield visible(
        f"{title}{len(runs)} {'run' if len(runs) == 1 else 'runs'}: {', '.join(run[:8] for run in runs)}"
    )
    run = ""
    for turn in page["turns"]:
        if turn["run"] != run:
            run = turn["run"]
            yield ""
        indent = _INDENT * min(turn.get("depth", 0), _DEEPEST)
        yield from (indent + line for line in _turn(turn, look, full=full))


def _turn(turn: Mapping[str, Any], look: Look, *, full: bool) -> Iterator[str]:
    who, text = turn["who"], turn["text"]
    if who == "end":
        why = f": {text}" if text else ""
        yield look.paint(one_line(f"({_ENDS.get(turn['status'], turn['status'])}{why})", look.columns), "red")
        return
    number = f"  [{turn['step']}]" if turn.get("step") else ""
    if who == "tool":
        state = "" if turn.get("status", "ok") == "ok" else f" [{turn['status']}]"
        call = one_line(f"{turn.get('name', '')}({turn.get('args', '')})", look.columns // 2)
        gave = f"{look.marks[4]}{one_line(text, max(10, look.columns - len(call) - 16))}" if text else ""
        yield look.paint(f"  * {call}{state}{gave}{number}", "red" if turn.get("status") == "error" else None)
        return
    if who == "agent":
        yield look.paint(f"> agent {visible(turn.get('name', ''))}{number}", "magenta")
        return
    name = turn.get("name", "") if who in ("assistant", "error", "retrieval") else ""
    label = {"question": "asks a human", "answer": "human answers"}.get(who, who)
    ended = turn.get("status", "ok") if who == "assistant" else "ok"
    name += f" [{ended}]" if ended not in ("ok", "error", "handoff") else ""
    given = f" {one_line(turn['args'], look.columns // 2)}" if turn.get("args") else ""
    yield look.paint(visible(f"{label}{' ' + name if name else ''}{given}{number}"), _COLOURS.get(who))
    shown = (
        text
        if full or len(text) <= _MOST_CHARS
        else f"{text[:_MOST_CHARS]}… ({len(text)} characters, --full shows all)"
    )
    yield from (f"  {line}" for line in visible(shown, keep_breaks=True).split("\n"))
