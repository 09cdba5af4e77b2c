"""What `steplog stats` and `steplog diff` say, for the page: its figures are theirs."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.diff import diff
from steplog._ask.stats import stats
from steplog._read import read

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from steplog._read import Run

BY: Final = ("name", "model", "tool")
"""What the page groups by."""
_MOST_PAIRS: Final = 200
_MOST_STEPS: Final = 20_000  # that are compared while a file is written: that takes a second


def figures(path: Path, by: str, runs: Collection[str] | None) -> dict[str, Any]:
    """`steplog stats --by BY --json` over these runs; None: all.

    Raises: LogError without DuckDB, or if the log cannot be read.
    """
    return stats(read(path), (by,), runs=runs).as_json()


def difference(path: Path, a: str, b: str) -> dict[str, Any]:
    """How run `b` differs from run `a`.

    Raises: LogError if there are no such runs.
    """
    log = read(path)
    return compared(log.run(a), log.run(b))


def compared(a: Run, b: Run) -> dict[str, Any]:
    """`steplog diff A B --json`, as far as the page needs it: pairs of step numbers and what differs in them.

    No text of the runs is in it: those are in their lines, as far as they may be seen.
    """
    found = diff(a, b)
    first = found.first
    return {
        "pairs": [[pair.a, pair.b, list(pair.differs)] for pair in found.pairs],
        "first": None if first is None else [first.a, first.b, first.what],
    }


def comparisons(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """How the runs of a file differ from each other: of the same name first, as many as make sense in a file."""
    pairs = sorted(permutations(runs, 2), key=lambda pair: pair[0].name != pair[1].name)
    found: dict[str, dict[str, Any]] = {}
    left = _MOST_STEPS
    for a, b in pairs[:_MOST_PAIRS]:
        left -= _steps(a) + _steps(b)
        if left >= 0:
            found[f"{a.id} {b.id}"] = compared(a, b)
    return found


def _steps(run: Run) -> int:
    steps = run.totals.get("steps")
    return steps if isinstance(steps, int) else 0
