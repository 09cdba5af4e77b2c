"""What figures can be grouped by, and how each is said in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from steplog._ask.query import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable

CALL_KINDS: Final = ("llm", "tool", "retriever", "embedding", "rerank")
MODEL_KINDS: Final = ("llm", "embedding", "rerank")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing to group by.

    `sql` is over a step `s`, its run's facts `r` and its place `p` (agent, node). `kinds` of steps have it; without any it
    is the run's, and so of all its steps. `needs_runs`: only the view `runs` knows it. `needs_places`: so does the tree.
    `needs_labels`: so do the notes; a run may have several, and counts in the group of each. `needs_versions`: a comparison
    of all prompts tells it.
    """

    name: str
    sql: str
    kinds: tuple[str, ...] = ()
    needs_runs: bool = False
    needs_places: bool = False
    needs_labels: bool = False
    needs_versions: bool = False

    @property
    def is_of_calls(self) -> bool:
        """Whether a call has it, not a run."""
        return bool(self.kinds)


_KNOWN: Final = {
    each.name: each
    for each in (
        Dimension("model", "CASE WHEN s.kind <> 'tool' THEN s.model END", MODEL_KINDS),
        Dimension("tool", "CASE WHEN s.kind = 'tool' THEN s.name END", ("tool",)),
        Dimension("node", "p.node", CALL_KINDS, needs_places=True),
        Dimension("agent", "coalesce(p.agent, r.name)", CALL_KINDS, needs_places=True),
        Dimension("error", "CASE WHEN s.failed THEN coalesce(s.error_type, 'error') END", (*CALL_KINDS, "agent", "node", "chain")),
        Dimension("name", "r.name"),
        Dimension("day", "strftime(r.started, '%Y-%m-%d')"),
        Dimension("hour", "strftime(r.started, '%Y-%m-%d %H:00')"),
        Dimension("version", "v.version", CALL_KINDS, needs_versions=True),
        Dimension("label", "l.label", needs_labels=True),
        Dimension("thread", "r.thread", needs_runs=True),
        Dimension("status", "r.status", needs_runs=True),
    )
}  # fmt: skip
_META: Final = "meta."
NAMES: Final = (*_KNOWN, f"{_META}KEY")


def dimensions(names: Iterable[str]) -> list[Dimension]:
    """What these names mean. Raises: QueryError for one that means nothing."""
    return [_dimension(name) for name in names]


def _dimension(name: str) -> Dimension:
    if name.startswith(_META) and name != _META:
        pointer = name.removeprefix(_META).replace("~", "~0").replace("/", "~1").replace("'", "''")
        return Dimension(name, f"r.metadata->>'/{pointer}'", needs_runs=True)
    if name in _KNOWN:
        return _KNOWN[name]
    meant = get_close_matches(name, NAMES, 1)
    lead = f"did you mean {meant[0]!r}? There" if meant else "there"
    raise QueryError(f"nothing can be grouped by {name!r}: {lead} are {', '.join(NAMES)}")
