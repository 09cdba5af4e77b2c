"""What each tool answers: the texts that the commands give within a budget, with the tool to ask next in place of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from steplog._ask import briefs, budget
from steplog._ask.find import ids_of
from steplog._ask.patterns import Pattern
from steplog._ask.query import parse
from steplog._read.log import read

if TYPE_CHECKING:
    from steplog._read.log import Log

USUAL: Final = 2_000
_MOST: Final = 20_000
_LEFT_OUT: Final = re.compile(r"(?<=\n)\[(\d+ more lines left out): [^\n]*\]\Z")


class Answers:
    """The tools over the log at `path`, which is read anew for each question: it may grow. Each raises LogError."""

    def __init__(self, path: str | None) -> None:
        self._path = path

    def _log(self) -> Log:
        return read(self._path)

    def list_runs(self, query: str, limit: int, tokens: int) -> str:
        """The newest runs that fit, one a line."""
        text = briefs.runs_told(self._log(), query, max(1, limit), _room(tokens))
        return _ask_next(text, "a narrower query, or limit")

    def show_run(self, run: str, tokens: int) -> str:
        """A run: why it ended as it did, then its steps."""
        return _ask_next(
            budget.told(self._log().run(run), _room(tokens)), "show_step(run, step), or a larger budget"
        )

    def show_step(self, run: str, step: int, tokens: int) -> str:
        """One step of a run."""
        found = self._log().run(run)
        return _ask_next(
            budget.step_told(found, found.step(step), _room(tokens)), "a larger budget, or search(pattern)"
        )

    def search(self, pattern: str, query: str, tokens: int) -> str:
        """Where a phrase stands."""
        log = self._log()
        text = briefs.hits_told(log, Pattern(pattern), runs=ids_of(log, parse(query)), tokens=_room(tokens))
        return _ask_next(text, "a longer pattern, a narrower query, or show_step(run, step)")

    def diff_runs(self, a: str, b: str, tokens: int) -> str:
        """Two runs, or two versions, compared."""
        return _ask_next(
            briefs.diff_told(self._log(), a, b, _room(tokens)), "show_step(run, step), or a larger budget"
        )

    def stats(self, by: str, query: str, tokens: int) -> str:
        """Figures by group."""
        log = self._log()
        names = [name for name in by.split(",") if name]
        text = briefs.stats_told(log, names, runs=ids_of(log, parse(query)), tokens=_room(tokens))
        return _ask_next(text, "a narrower query, or a larger budget")

    def postmortem(self, run: str, tokens: int) -> str:
        """What happened to a run that did not end well."""
        text = budget.postmortem_told(self._log().run(run), _room(tokens))
        return _ask_next(text, "show_step(run, step), or a larger budget")

    def query(self, sql: str, tokens: int) -> str:
        """What one SELECT gives."""
        return _ask_next(
            briefs.sql_told(self._log(), sql, _room(tokens)), "LIMIT, fewer columns, or a larger budget"
        )


def _room(tokens: int) -> int:
    return min(max(tokens, 1), _MOST)


def _ask_next(text: str, how: str) -> str:
    """The text with what a caller without a shell can ask next."""
    return _LEFT_OUT.sub(lambda found: f"[{found[1]}: {how}]", text)
