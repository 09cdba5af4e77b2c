"""What the ends of runs count beyond the steps that are in the log: figures are sums of steps, and say what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.tables.columns import TOKENS
from steplog._ask.tables.run_sums import COUNTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._ask.tables.database import Database

_CALLS: Final = ("llm_calls", "tool_calls")
_SPENT: Final = ("input_tokens", "output_tokens")  # the others are parts of these


def _more(name: str) -> str:
    return f"greatest(0, coalesce(over.totals.{name}, 0) - coalesce(counted.{name}, 0))"


_LOST: Final = f"""
    SELECT count(*) FILTER ({" OR ".join(f"{_more(name)} > 0" for name in (*_CALLS, *TOKENS))}),
        coalesce(sum({" + ".join(map(_more, _CALLS))}), 0), coalesce(sum({" + ".join(map(_more, _SPENT))}), 0)
    FROM gathered_runs AS over LEFT JOIN ({COUNTED}) AS counted USING (run, nth) WHERE over.has_end
"""  # noqa: S608 - our own words
# A log of which nothing is lost is not looked through for what is.
_MAY_LACK: Final = "SELECT 1 FROM gathered_runs WHERE has_end AND started IS NULL LIMIT 1"


def lost_steps(held: Database) -> Iterator[str]:
    """In a sentence, what run.end lines count of steps whose lines are not in the log; nothing if they count no more."""
    loaded = held.loaded
    if not (loaded.missing or loaded.bad or loaded.cut or held.rows(_MAY_LACK)):
        return
    [(runs, calls, tokens)] = held.rows(_LOST)
    if runs:
        more = [f"{count} more {what}" for count, what in ((calls, "calls"), (tokens, "tokens")) if count]
        whose = "1 run that lost lines" if runs == 1 else f"{runs} runs that lost lines"
        yield (
            f"run.end lines count {' and '.join(more) or 'more'} in {whose}: these are in the totals of the runs (ls, show, the "
            "view runs), and in no sum over steps as here"
        )
