"""The kinds of failure in a log on Spark, as `steplog._ask.errors` has them."""

from __future__ import annotations

import tempfile
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.errors import ErrorKind, Led, led_to, what_it_said
from steplog._fleet.spark_contents import runs_of
from steplog._read.errors import LogError
from steplog._read.runs.failures import kind_of_failure
from steplog._read.runs.fingerprints import fingerprint, kind_of_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._read.log import Log

Session = Any  # pyspark's, which is an extra

_FOUND: Final = """
    SELECT run, nth, step, kind, name, coalesce(type, '') AS type, coalesce(message, '') AS message, ts FROM errors
    ORDER BY ts, run, nth, step
"""
_TS: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(slots=True)
class _Group:
    newest: Any
    first: str
    last: str = ""
    count: int = 0
    runs: set[str] = field(default_factory=set[str])


def errors_on_spark(session: Session, url: str, limit: int | None) -> list[ErrorKind]:
    """The kinds of failure, the most frequent first."""
    groups: dict[tuple[str, str, str, str], _Group] = {}
    for row in session.sql(_FOUND).toLocalIterator():
        key = kind_of_failure({"type": row["type"], "message": row["message"]}, row["kind"], row["name"])
        ts = row["ts"].strftime(_TS)
        group = groups.setdefault(key, _Group(row, ts))
        group.count += 1
        group.runs.add(row["run"])
        group.newest, group.last = row, ts
    ordered = sorted(groups.items(), key=lambda found: (-found[1].count, found[1].first))[:limit]
    with tempfile.TemporaryDirectory(prefix="steplog-") as folder:
        newest = {group.newest["run"] for _, group in ordered}
        log = runs_of(session, url, newest, Path(folder)) if newest else None
        return list(_told(ordered, log))


def _told(
    ordered: Iterable[tuple[tuple[str, str, str, str], _Group]], log: Log | None
) -> Iterable[ErrorKind]:
    for key, group in ordered:
        type_, kind, name, _ = key
        newest = group.newest
        yield ErrorKind(
            fingerprint=fingerprint(*key),
            type=type_,
            kind=kind,
            name=name,
            message=kind_of_message(newest["message"]),
            count=group.count,
            runs=len(group.runs),
            first=group.first,
            last=group.last,
            run=newest["run"],
            step=newest["step"],
            example=newest["message"],
            led=_led(log, newest["run"], newest["step"]) if log is not None and newest["step"] else None,
        )


def _led(log: Log, run_id: str, number: int) -> Led | None:
    try:
        run = copy(log.run(run_id))
        before = led_to(run, run.step(number))
    except LogError:
        return None
    return None if before is None else Led(before.number, before.kind, before.name, what_it_said(before))
