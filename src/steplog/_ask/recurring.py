"""Failures that are new, and failures that were noted as fixed and came back: what some runs have that others had not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from steplog._ask.errors import ErrorKind, errors
from steplog._ask.versions import version_meant, versions
from steplog._notes.note import standing_labels

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from steplog._ask.versions import Version
    from steplog._notes.note import Note
    from steplog._read.log import Log

State = Literal["new", "returned", "known"]
FIXED: Final = "fixed"
KNOWN: Final = "known"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A kind of failure in the runs asked for, beside all others.

    `state` is `new` (no other run had it), `returned` (noted as fixed, and here again since), else `known`. `before` is how
    often other runs had it, `first_ever` when it was first seen, `note` the newest note with the label `fixed` or `known` on
    such a failure, `version` the agent's version in the newest of the runs.
    """

    kind: ErrorKind
    state: State
    before: int
    first_ever: str
    note: Note | None
    version: str

    @property
    def is_alarm(self) -> bool:
        """Whether somebody should look."""
        return self.state != "known"

    @property
    def sentence(self) -> str:
        """What is to be said of it."""
        since = f", with {self.version}" if self.version else ""
        if self.state == "new":
            return f"new: no other run had it{since}"
        noted = "" if self.note is None else _noted(self.note)
        if self.state == "returned":
            return f"came back: seen before, {noted}; {self.before} x before, first {_time(self.first_ever)}{since}"
        seen = (
            f"seen before: {self.before} x, first {_time(self.first_ever)}"
            if self.before
            else "noted before any other run had it"
        )
        return f"{seen}{', ' + noted if noted else ''}"

    def as_json(self) -> dict[str, Any]:
        """The kind as plain JSON, with what is known of it."""
        found: dict[str, Any] = {**self.kind.as_json(), "state": self.state, "before": self.before}
        found["first_ever"] = self.first_ever
        if self.note is not None:
            found["note"] = self.note.as_json()
        return found | ({"version": self.version} if self.version else {})


def recurring(log: Log, runs: Collection[str]) -> list[Recurrence]:
    """The kinds of failure in the runs of these ids, those first that are new or came back, then the most frequent."""
    others = {run.id for run in log.runs} - set(runs)
    here = errors(log, runs=set(runs))
    there = {kind.fingerprint: kind for kind in errors(log, runs=others)} if here else {}
    notes = noted_failures(log.notes)
    names = _version_names(versions(log)) if here else {}
    found = [_judged(kind, there.get(kind.fingerprint), notes.get(kind.fingerprint), names) for kind in here]
    return sorted(found, key=lambda each: (not each.is_alarm, -each.kind.count))


def _judged(
    kind: ErrorKind, other: ErrorKind | None, note: Note | None, names: dict[tuple[str, int], str]
) -> Recurrence:
    state: State = "known" if other or note else "new"
    if note is not None and FIXED in note.labels and kind.last > note.ts:
        state = "returned"
    return Recurrence(
        kind=kind,
        state=state,
        before=other.count if other else 0,
        first_ever=min(kind.first, other.first) if other else kind.first,
        note=note,
        version=names.get((kind.run, kind.step)) or names.get((kind.run, 0), ""),
    )


def noted_failures(notes: Iterable[Note]) -> dict[str, Note]:
    """The newest note that says of a kind of failure that it is fixed or known, by the kind's fingerprint."""
    several = list(notes)
    standing = standing_labels(several)
    found: dict[str, Note] = {}
    for note in several:
        labels = {*note.labels} & {*standing.get((note.run, note.step), ())} & {FIXED, KNOWN}
        if labels:
            found |= dict.fromkeys(note.errors, note)
    return found


def _version_names(several: Iterable[Version]) -> dict[tuple[str, int], str]:
    """The version of each step, and as that of step 0 the first of the run."""
    found: dict[tuple[str, int], str] = {}
    for version in several:
        name = f"{version.name} ({version.fingerprint})"
        for call in version.calls:
            found.setdefault((call.run, 0), name)
            found |= dict.fromkeys(((call.run, step) for step in (*call.steps, *call.tool_steps)), name)
    return found


def runs_since_version(log: Log, selector: str) -> frozenset[str]:
    """The ids of the runs of an agent from one of its versions on. Raises: as `version_meant`."""
    several = versions(log)
    meant = version_meant(several, selector)
    since = [each for each in several if each.agent == meant.agent and each.number >= meant.number]
    return frozenset(call.run for each in since for call in each.calls if call.ts >= meant.first)


def newest_runs(log: Log) -> frozenset[str]:
    """The ids of the runs that the process recorded which began the newest run."""
    if not log.runs:
        return frozenset()
    newest = log.runs[-1].writer.get("w")
    return frozenset(run.id for run in log.runs if run.writer.get("w") == newest)


def _noted(note: Note) -> str:
    what = FIXED if FIXED in note.labels else KNOWN
    by = f" by {note.by}" if note.by else ""
    return f"noted as {what} {_time(note.ts)}{by}"


def _time(ts: str) -> str:
    return f"{ts[:16].replace('T', ' ')}Z"
