"""What a log does not hold because a setting kept it out: values that were cut or masked, which setting that was, and where."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from steplog._secrets.known_values import GIVEN
from steplog._secrets.token_shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._format.record import Record

_CUT: Final = b'{"$cut":{'
_SETTING: Final = re.compile(rb'"setting":"(max_[a-z_]+)"')
_SIZE: Final = re.compile(rb'\{"\$cut":\{"(bytes|chars|items)":(\d{1,15})')
_SIZED: Final = {b"bytes": "max_value_bytes", b"chars": "max_value_bytes", b"items": "max_items"}
_MASKED: Final = b"[masked:"
_KIND: Final = re.compile(rb"\[masked:([\w-]{1,80})\]")
_MANY: Final = 100  # masked values of one kind that are worth a word
_SHAPED: Final = frozenset(kind for kind, _, _ in SHAPES)
_MOST_PLACES: Final = 2000


@dataclass(slots=True)
class _Counts:
    total: int = 0
    largest: int = 0
    places: Counter[str] = field(default_factory=Counter[str])

    def add(self, count: int, place: str) -> None:
        self.total += count
        if place in self.places or len(self.places) < _MOST_PLACES:
            self.places[place] += count

    @property
    def mostly(self) -> str:
        """` in tool search`, or `, most of them in tool search`; empty where no place has more than half."""
        ((place, count),) = self.places.most_common(1) or [("", 0)]
        if not place or count * 2 <= self.total:
            return ""
        return f" in {place}" if count == self.total else f", most of them in {place}"


class Withheld:
    """Counts what was cut and masked while lines go by."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._cut: dict[str, _Counts] = {}
        self._masked: dict[str, _Counts] = {}

    def take(self, text: bytes, record: Record, name: str) -> None:
        """Looks at a line, its record, and the name of the step or run that it is about."""
        if _CUT in text:
            place = _place(record, name)
            settings = Counter(found.decode() for found in _SETTING.findall(text))
            for setting, count in settings.items():
                self._cut.setdefault(setting, _Counts()).add(count, place)
            if rest := text.count(_CUT) - settings.total():
                self._cut.setdefault("", _Counts()).add(max(0, rest), place)
            for unit, size in _SIZE.findall(text):
                counts = self._cut.get(_SIZED[unit])
                if counts is not None:
                    counts.largest = max(counts.largest, int(size))
        if _MASKED in text:
            place = _place(record, name)
            for kind, count in Counter(_KIND.findall(text)).items():
                self._masked.setdefault(kind.decode(), _Counts()).add(count, place)

    def cut(self) -> Iterator[tuple[int, str]]:
        """For each setting how many values it cut, and a sentence with what would have kept them, most first."""
        for setting, found in sorted(self._cut.items(), key=lambda pair: -pair[1].total):
            if not found.total:
                continue
            way = (
                f"STEPLOG_{setting.upper()}"
                if setting
                else "a higher max_value_bytes, max_items or max_depth"
            )
            keeps = f"{way} would keep more of them"
            if found.largest and setting:
                unit = "items" if setting == "max_items" else "bytes"
                keeps = (
                    f"{way}={found.largest} would have kept all that it cut, the largest had so many {unit}"
                )
            yield found.total, f"{_values(found.total)} cut by a limit{found.mostly}: {keeps}"

    def masked(self) -> Iterator[tuple[int, str]]:
        """For each kind that was masked a lot how often, and a sentence with the rule and the way out, most first."""
        for kind, found in sorted(self._masked.items(), key=lambda pair: -pair[1].total):
            if found.total >= _MANY:
                rule, way = _rule(kind)
                yield (
                    found.total,
                    f"{_values(found.total)} masked as {kind}{found.mostly}, by {rule}: {way}",
                )


def _values(count: int) -> str:
    return "1 value was" if count == 1 else f"{count} values were"


def _place(record: Record, name: str) -> str:
    kind = record["ev"].partition(".")[0]
    said = {"llm": "model", "run": "run"}.get(kind, kind)
    return f"{said} {name}" if name else f"{said} lines"


def _rule(kind: str) -> tuple[str, str]:
    """By which setting or rule values are masked as a kind, and what to do where that goes too far."""
    if kind == GIVEN:
        return "redact_values", "a value there that is a common word hides more than the secret"
    if kind.startswith("redactor_"):
        return "redactor=", "it failed, was late or was switched off, and each text was dropped"
    if kind in _SHAPED:
        return (
            "its shape",
            "keys of a provider stand in what this program says; keep them out of prompts and results",
        )
    return (
        "a telling name or a value of the environment under one",
        "where these are no secrets, call the key or the variable something else",
    )
