"""A run's tree with some of its steps marked: what a failing assertion shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from steplog._show.look import PLAIN
from steplog._show.run_tree import Part, tree_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._read.runs.run import Run

_STEP: Final = re.compile(r"\s*(\d+) ")
_MOST_LINES: Final = 120
_AROUND: Final = 12  # lines that stay before and after a marked one of a long run


def marked_tree(run: Run, marked: Iterable[int] = (), note: str = "") -> str:
    """The run's tree, `>` before the steps with these numbers; `note` stands after the last line, where nothing is there.

    Of a long run what is around the marked steps, and its beginning and end.
    """
    numbers = frozenset(marked)
    lines = [_marked(line, numbers) for line in tree_lines(run, PLAIN, Part(fold=False))] if run.steps else []
    head = f"  run {run.id} {run.name or '(no name)'} {run.status}"
    told = [f"> {note}"] if note else []
    return "\n".join([head, *_shortened(lines), *told])


def _marked(line: str, numbers: frozenset[int]) -> str:
    found = _STEP.match(line)
    return f"{'>' if found is not None and int(found[1]) in numbers else ' '} {line}"


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return lines
    places = [0, len(lines) - 1, *(at for at, line in enumerate(lines) if line.startswith(">"))]
    kept = sorted({at for place in places for at in range(place - _AROUND, place + _AROUND + 1)})
    shown: list[str] = []
    last = -1
    for at in kept:
        if not 0 <= at < len(lines):
            continue
        if at > last + 1:
            shown.append(f"  … {at - last - 1} more lines")
        shown.append(lines[at])
        last = at
    return shown
