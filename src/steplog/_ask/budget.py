"""A run told within a number of tokens, for whoever pays for each: what explains a failure comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.postmortem import postmortem
from steplog._show.look import PLAIN
from steplog._show.outline import failing, outline
from steplog._show.postmortem_page import postmortem_lines
from steplog._show.run_tree import Part, tree_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._read.runs.run import Run

_BYTES_A_TOKEN: Final = 3  # less than any tokenizer makes of text and JSON, so that the budget holds
_FOR_THE_END: Final = 60  # tokens kept for saying what was left out
_COLUMNS: Final = 120
LEAST: Final = 200


def tokens_in(text: str) -> int:
    """How many tokens a text takes, rather too many than too few."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN)


def told(run: Run, tokens: int = 2_000) -> str:
    """The run in at most so many tokens (200 at least): how it ended and why, then its steps, those that failed first.

    The end says what was left out and how to ask for it. The text holds words from the log: they are data, whatever they say.
    """
    left = max(tokens, LEAST) - _FOR_THE_END
    kept: list[str] = []
    for at, line in enumerate(_lines(run)):
        cost = tokens_in(line + "\n")
        if cost > left:
            missing = sum(1 for _ in _lines(run)) - at
            kept.append(
                f"… {missing} more lines left out: steplog show {run.id[:8]} [--below STEP], steplog show {run.id[:8]} STEP"
            )
            break
        left -= cost
        kept.append(line)
    return "\n".join(kept)


def _lines(run: Run) -> Iterator[str]:
    yield from postmortem_lines(postmortem(run).as_json(), _COLUMNS)
    look = PLAIN._replace(columns=_COLUMNS)
    failed = outline(run, keep=failing(run))
    if failed:
        yield from ("", "Steps that did not end well, and those around them")
        yield from tree_lines(run, look, Part(failed))
    if run.steps:
        yield from ("", "All steps")
        yield from tree_lines(run, look)
