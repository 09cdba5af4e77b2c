"""A comparison of two versions of an agent as text: drawn from its plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._show.terminal_text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._show.look import Look

_WORDS: Final = {"prompt": "system prompt", "tools": "tool", "model": "model", "parameters": "parameter"}
_COLOURS: Final = {"added": "green", "removed": "red", "changed": "yellow"}
_MARKS: Final = {"added": "+", "removed": "-", "changed": "~"}
_MOST_CHARS: Final = 4_000


def version_diff_lines(page: Mapping[str, Any], look: Look) -> Iterator[str]:
    """What changed, part by part: of texts the lines that differ, with `[-gone-]` and `{+new+}`."""
    yield one_line(f"{page['a']} -> {page['b']}", look.columns)
    if page["same"]:
        yield "the same prompt, tools, model and parameters"
    for change in page["changes"]:
        kind = change["change"]
        name = f" {visible(change['name'])}" if change.get("name") else ""
        yield ""
        yield look.paint(f"{_MARKS[kind]} {_WORDS[change['part']]}{name} {kind}", _COLOURS[kind])
        yield from (f"    {line}" for line in _said(change))


def _said(change: Mapping[str, Any]) -> list[str]:
    before, after = change.get("before", ""), change.get("after", "")
    if change.get("words"):
        text = change["words"]
    elif before and after:
        text = f"{before} -> {after}"
    else:
        text = before or after
    shown = text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}… ({len(text)} characters)"
    return visible(shown, keep_breaks=True).split("\n")
