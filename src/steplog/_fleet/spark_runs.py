"""Which runs a query asks for, told from the view of runs: what a run says of itself is looked at as on one machine."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from steplog._ask.find import checks_of_run, labels_fit
from steplog._ask.query import Query, QueryError
from steplog._ask.tables.columns import TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from steplog._read.runs.run import Run

Session = Any  # pyspark's, which is an extra

_KNOWN: Final = frozenset(
    {"status", "name", "thread", "model", "tag", "meta", "min_ms", "min_tokens", "since", "until"}
)
_FACTS: Final = f"""
    SELECT run, coalesce(name, '') AS name, coalesce(thread, '') AS thread, status, started, ms, models, tags, metadata,
        {", ".join(TOKENS)} FROM runs
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class _Facts:
    """As much of a run as a query looks at."""

    id: str
    name: str
    thread: str
    status: str
    started: datetime | None
    ms: float | None
    totals: dict[str, Any]
    tags: list[Any]
    metadata: dict[str, Any]


def ids_on_spark(session: Session, query: Query) -> frozenset[str] | None:
    """The ids of the runs that the query asks for; None where it asks for all.

    Raises: QueryError for a word that asks for what was said or done in a run: on Spark that is a question in SQL.
    """
    if not query:
        return None
    usual = Query()
    asked = [
        field.name for field in fields(query) if getattr(query, field.name) != getattr(usual, field.name)
    ]
    unknown = [name.replace("_", "-") for name in asked if name not in _KNOWN]
    if unknown:
        raise QueryError(
            f"{', '.join(unknown)}: not with --engine spark, where runs are chosen by "
            f"{', '.join(name.replace('_', '-') for name in sorted(_KNOWN))}; for the rest there is `steplog sql`"
        )
    checks = cast("list[Callable[[Any], bool]]", list(checks_of_run(query)))
    found: set[str] = set()
    for row in session.sql(_FACTS).toLocalIterator():
        facts = _facts(row)
        if all(check(facts) for check in checks) and labels_fit(cast("Run", facts), query):
            found.add(facts.id)
    return frozenset(found)


def _facts(row: Any) -> _Facts:
    tokens = {name: row[name] for name in TOKENS}
    return _Facts(
        id=row["run"],
        name=row["name"],
        thread=row["thread"],
        status=row["status"],
        started=None if row["started"] is None else row["started"].replace(tzinfo=UTC),
        ms=row["ms"],
        totals={**tokens, "models": list(row["models"] or ())},
        tags=orjson.loads(row["tags"]) if row["tags"] else [],
        metadata=orjson.loads(row["metadata"]) if row["metadata"] else {},
    )
