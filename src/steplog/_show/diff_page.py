"""A comparison of two runs, or of two prompts, as text: drawn from its plain JSON."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from steplog._show.table import table_lines
from steplog._show.terminal_text import one_line, visible
from steplog._show.units import amount, dollars, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from steplog._show.look import Look

_WORDS: Final = {
    "input": "they were asked different things",
    "prompt": "the models were shown different messages",
    "model": "other models",
    "calls": "the models asked for other tool calls",
    "answer": "the models answered differently",
    "tool": "other tools",
    "arguments": "other arguments",
    "result": "other results",
    "query": "other queries",
    "documents": "other documents",
    "status": "they ended differently",
    "missing": "one of them does not have this step",
    "output": "they returned different things",
}
_SAME_FOLDED: Final = 3  # so many steps in a row that are the same become one line
_MOST_DEARER: Final = 5
_MOST_CHARS: Final = 600
_ID_DIGITS: Final = 8


def diff_lines(page: Mapping[str, Any], look: Look) -> Iterator[str]:
    """The comparison: the first difference, then all steps, then what each took."""
    if page["first"] is None:
        yield f"{page['a'][:_ID_DIGITS]} and {page['b'][:_ID_DIGITS]} did the same"
    else:
        yield from _first(page["first"], look)
    yield ""
    yield from _pairs(page["pairs"], look)
    yield ""
    yield from table_lines(("", "A", "B", "DIFFERENCE"), list(_totals(page["totals"])), numbers=(1, 2, 3))
    if page["dearer"]:
        yield ""
        yield "what makes the difference in cost:"
        yield from (f"  {line}" for line in _dearer(page["dearer"][:_MOST_DEARER]))


def prompt_diff_lines(page: Mapping[str, Any], look: Look) -> Iterator[str]:
    """Two prompts: the messages that only one has, and the lines that differ; those that are the same are counted."""
    marks = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    for change, several in groupby(page["messages"], key=lambda message: message["change"]):
        messages = list(several)
        if change == "same":
            yield f"  {len(messages)} {'message' if len(messages) == 1 else 'messages'} the same"
            continue
        mark, colour = marks[change]
        for message in messages:
            places = " ".join(
                f"{side.upper()} {message[side]}" for side in ("a", "b") if message[side] is not None
            )
            yield look.paint(f"{mark} {visible(message['role'])}  ({places})", colour)
            text = message["text"]
            shown = (
                text
                if change == "changed" or len(text) <= _MOST_CHARS
                else f"{text[:_MOST_CHARS]}… ({len(text)} characters)"
            )
            for line in visible(shown, keep_breaks=True).split("\n"):
                yield f"    {line}"
    if page["same"]:
        yield "both were shown the same"


def _first(first: Mapping[str, Any], look: Look) -> Iterator[str]:
    where = ", ".join(f"step {first[side]} of {side.upper()}" for side in ("a", "b") if first[side])
    words = _WORDS.get(first["what"], first["what"])
    yield look.paint(f"first difference{': ' + where if where else ''}: {words}", "yellow")
    for side in ("a", "b"):
        yield f"  {side.upper()}  {one_line(first[f'{side}_said'], look.columns - 5)}"


def _pairs(pairs: Sequence[Mapping[str, Any]], look: Look) -> Iterator[str]:
    width = max((len(str(pair[side] or "-")) for pair in pairs for side in ("a", "b")), default=1)
    yield f"{'A':>{width}}  {'B':>{width}}"
    for same, several in groupby(pairs, key=lambda pair: not pair["differs"]):
        stretch = list(several)
        if same and len(stretch) > _SAME_FOLDED:
            yield from (
                _pair(stretch[0], width, look),
                f"{'':>{2 * width + 2}}  … {len(stretch) - 1} more steps the same",
            )
            continue
        yield from (_pair(pair, width, look) for pair in stretch)


def _pair(pair: Mapping[str, Any], width: int, look: Look) -> str:
    sides = "  ".join(f"{pair[side] if pair[side] is not None else '-':>{width}}" for side in ("a", "b"))
    if not pair["differs"]:
        return f"{sides}  = {one_line(pair['what'], look.columns - 2 * width - 6)}"
    only = "" if pair["differs"] != ["missing"] else f"only in {'A' if pair['b'] is None else 'B'}"
    what = one_line(f"{pair['what']}  {only or ', '.join(pair['differs'])}", look.columns - 2 * width - 6)
    return f"{sides}  {look.paint('! ' + what, 'yellow')}"


def _totals(totals: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, str, str, str]]:
    for name, sides in totals.items():
        words = {"ms": duration, "cost": dollars}.get(name, amount)
        a, b = sides["a"], sides["b"]
        sign = "+" if b > a else "-"
        change = f" ({100 * (b - a) / a:+.0f}%)" if a and b != a else ""
        yield (
            name.replace("_", " "),
            words(a),
            words(b),
            f"{sign}{words(abs(b - a))}{change}" if a != b else "=",
        )


def _dearer(several: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    header = ("A", "B", "TOKENS A", "TOKENS B", "COST A", "COST B", "DIFFERENCE")
    rows = [
        (
            *(str(each[side]) if each[side] is not None else "-" for side in ("a", "b")),
            *("/".join(map(amount, each[f"{side}_tokens"])) for side in ("a", "b")),
            *(dollars(each[f"{side}_cost"]) for side in ("a", "b")),
            ("+" if each["b_cost"] > each["a_cost"] else "-") + dollars(abs(each["b_cost"] - each["a_cost"])),
        )
        for each in several
    ]
    yield from table_lines(header, rows, numbers=range(7))
