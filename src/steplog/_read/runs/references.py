"""Numbers back to messages, and references back to values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._format.record import MESSAGE, SAME
from steplog._read.runs.messages import LATEST, Messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from steplog._format.record import Json, Record

# A damaged or hostile log may refer to itself, or grow without end when its references are followed.
MAX_VALUES: Final = 1_000_000
MAX_DEPTH: Final = 200
_MAX_UNKNOWN: Final = 1_000  # numbers of a range beyond the last known message


def numbers(ranges: object, last: int) -> Iterator[int | str]:
    """The numbers of `"1-57,60"` in order; a part that is no range, or reaches absurdly far, as it stands.

    `last` is the highest message number that the run has.
    """
    if isinstance(ranges, int):
        yield ranges
        return
    if not isinstance(ranges, str) or not ranges:  # empty in logs of 0.1, where a call was sent no message
        return
    for part in ranges.split(","):
        low, _, high = part.strip().partition("-")
        try:
            first, final = int(low), int(high or low)
        except ValueError:
            yield part
            continue
        if final > last + _MAX_UNKNOWN:
            yield part
        else:
            yield from range(first, final + 1)


@dataclass(frozen=True, slots=True)
class Values:
    """What a run's references point to: its messages, and each step's lines (step 0: the run's own)."""

    messages: Messages
    lines: Mapping[int, Sequence[Record]]

    def message(self, number: int | str, line: int = LATEST) -> Record:
        """The message as it was at that line of the run; `{"m": number, "missing": True}` if its line is lost."""
        found = self.messages.at(number, line) if isinstance(number, int) else None
        return {"m": number, "missing": True} if found is None else found

    def numbers(self, ranges: object) -> tuple[int | str, ...]:
        """The numbers of `"1-57,60"`; see `numbers`."""
        return tuple(islice(numbers(ranges, self.messages.last_number()), MAX_VALUES))

    def prompt(self, ranges: object, line: int = LATEST) -> list[Record]:
        """The messages of `"1-57,60"`, whole and in order, as they were at that line of the run."""
        resolver = _Resolver(self, line)
        return [resolver.follow(self.message(number, line), 0) for number in self.numbers(ranges)]

    def resolve(self, value: Json, line: int = LATEST) -> Json:
        """The value with every `$m` and `$same` replaced by what it stands for; other markers stay.

        A reference whose target is lost, or that leads back to itself, keeps its marker with `missing` beside it.
        A message in place, new, amended or edited, becomes the whole message.
        """
        return _Resolver(self, line).follow(value, 0)


class _Resolver:
    """Follows references within one value; holds how much it may still produce."""

    def __init__(self, values: Values, line: int) -> None:
        self._values = values
        self._line = line
        self._left = MAX_VALUES
        self._following: list[tuple[Json, ...]] = []

    def follow(self, value: Json, depth: int) -> Json:
        if not isinstance(value, dict | list) or depth > MAX_DEPTH or self._left <= 0:
            return value
        self._left -= 1 + len(value)
        if isinstance(value, list):
            return [self.follow(part, depth + 1) for part in cast("list[Json]", value)]
        mapping = cast("dict[str, Json]", value)
        if len(mapping) == 1:
            if MESSAGE in mapping:
                return self._messages(mapping[MESSAGE], depth)
            if SAME in mapping:
                return self._same(mapping[SAME], depth)
        if isinstance(mapping.get("m"), int) and ("like" in mapping or "set" in mapping):
            whole = self._values.message(mapping["m"], self._line)
            return value if "missing" in whole else self.follow(whole, depth + 1)
        return {key: self.follow(part, depth + 1) for key, part in mapping.items()}

    def _messages(self, ranges: Json, depth: int) -> Json:
        found: list[Json] = [self._message(number, depth) for number in self._values.numbers(ranges)]
        return found[0] if isinstance(ranges, int) else found

    def _message(self, number: int | str, depth: int) -> Json:
        return self._once(("m", number), self._values.message(number, self._line), depth)

    def _same(self, path: Json, depth: int) -> Json:
        missing = {SAME: path, "missing": True}
        if not isinstance(path, list) or not path or not isinstance(path[0], int):
            return missing
        elements = cast("list[Json]", path)
        targets = (_target(record, elements[1:]) for record in self._values.lines.get(path[0], ()))
        target = next((target for target in targets if target is not None), None)
        return missing if target is None else self._once(tuple(map(str, elements)), target, depth)

    def _once(self, key: tuple[Json, ...], target: Json, depth: int) -> Json:
        """Follows into a target unless it is being followed already: then it refers to itself, and stays out."""
        if key in self._following:
            return {"missing": True}
        self._following.append(key)
        try:
            return self.follow(target, depth + 1)
        finally:
            self._following.pop()


def _target(record: Record, elements: list[Json]) -> Json:
    """What stands in a line at the end of a path; None if nothing does."""
    target: Any = record
    for element in elements:
        try:
            target = target[element]
        except (KeyError, IndexError, TypeError):
            return None
    return target
