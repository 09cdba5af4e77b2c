"""A note: what somebody thinks of a run or of one of its steps, and the JSON line that it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_TEXT: Final = 64 * 1024
_MOST_LABEL: Final = 100


class NoteError(ValueError):
    """A note cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody noted of a run, or of one of its steps.

    `id` is the note's own, `ts` when it was noted (UTC), `by` who. `labels` are words to group by, `removed` those that it
    takes back, `score` is a number, `text` free. `name` is the run's, so that it is known when the run is pruned, and
    `errors` are the kinds of failure that it had there, by the eight digits that `steplog errors` gives them.
    """

    id: str
    ts: str
    run: str
    step: int | None = None
    text: str = ""
    labels: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    score: float | None = None
    by: str = ""
    name: str = ""
    errors: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The note as plain JSON; absent what it does not say."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if value not in (None, "", ())
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Note:
        """The note that a line holds. Raises: NoteError if it is none."""
        for name in ("id", "ts", "run"):
            if not (isinstance(record.get(name), str) and record[name]):
                raise NoteError(f"no note: its {name!r} is no text")
        step, score = record.get("step"), record.get("score")
        return cls(
            id=record["id"],
            ts=record["ts"],
            run=record["run"],
            step=step if type(step) is int else None,
            score=score if isinstance(score, int | float) and not isinstance(score, bool) else None,
            labels=_texts(record.get("labels")),
            removed=_texts(record.get("removed")),
            errors=_texts(record.get("errors")),
            text=str(record.get("text") or ""),
            by=str(record.get("by") or ""),
            name=str(record.get("name") or ""),
        )


def _texts(value: Any) -> tuple[str, ...]:
    several = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(each for each in several if isinstance(each, str))


def checked_labels(labels: str | Iterable[str]) -> tuple[str, ...]:
    """The labels, each once, without blanks around them. Raises: NoteError for one that nobody could ask for."""
    several = [each.strip() for each in ([labels] if isinstance(labels, str) else labels)]
    for label in several:
        if not label or len(label) > _MOST_LABEL or "," in label or not label.isprintable():
            raise NoteError(
                f"{label[:_MOST_LABEL]!r} is no label: it is a word or a few, of at most {_MOST_LABEL} characters, without a comma"
            )
    return tuple(dict.fromkeys(several))


def checked_text(text: str) -> str:
    """The text of a note. Raises: NoteError if it is too long."""
    if len(text.encode("utf-8", "replace")) > MOST_TEXT:
        raise NoteError(f"a note has at most {MOST_TEXT} bytes, this text has more")
    return text.strip()


def checked_score(score: float | None) -> float | None:
    """A score. Raises: NoteError if it is no finite number."""
    if score is not None and (isinstance(score, bool) or not math.isfinite(score)):
        raise NoteError(f"{score!r} is no score: it must be a finite number")
    return score


def standing_labels(notes: Iterable[Note]) -> dict[tuple[str, int | None], tuple[str, ...]]:
    """The labels that stand, by run and step: what a later note took back is not among them."""
    standing: dict[tuple[str, int | None], dict[str, None]] = {}
    for note in notes:
        labels = standing.setdefault((note.run, note.step), {})
        for label in note.removed:
            labels.pop(label, None)
        labels.update(dict.fromkeys(note.labels))
    return {place: tuple(labels) for place, labels in standing.items() if labels}


def labels_of_runs(notes: Iterable[Note]) -> dict[str, tuple[str, ...]]:
    """The labels that stand on each run or on any of its steps, by the run's id."""
    found: dict[str, dict[str, None]] = {}
    for (run, _), labels in standing_labels(notes).items():
        found.setdefault(run, {}).update(dict.fromkeys(labels))
    return {run: tuple(labels) for run, labels in found.items()}
