"""Numbers back to messages, and references back to values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._format.record import MESSAGE, SAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    if not isinstance(ranges, str):
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


def collect_messages(records: Iterable[Record]) -> dict[int, Record]:
    """Every message of a run that was written in full, by number; the first writing counts."""
    messages: dict[int, Record] = {}
    elsewhere: list[Json] = []
    for record in records:
        _keep(messages, record.get("message"))
        several = record.get("messages")
        for message in cast("list[Json]", several) if isinstance(several, list) else ():
            _keep(messages, message)
        elsewhere.extend(value for value in record.values() if isinstance(value, dict | list))
    # Those places first: elsewhere a program's own {"m": 1, "role": …} might pass for a message.
    while elsewhere:
        value = elsewhere.pop()
        if isinstance(value, dict):
            _keep(messages, value)
            value = list(cast("dict[str, Json]", value).values())
        elsewhere.extend(part for part in reversed(value) if isinstance(part, dict | list))
    return messages


def _keep(messages: dict[int, Record], value: Json) -> None:
    if isinstance(value, dict):
        message = cast("Record", value)
        number = message.get("m")
        if isinstance(number, int) and isinstance(message.get("role"), str):
            messages.setdefault(number, message)


@dataclass(frozen=True, slots=True)
class Values:
    """What a run's references point to: its messages, and each step's fields (step 0: the run's own)."""

    messages: Mapping[int, Record]
    fields: Mapping[int, Record]

    def message(self, number: int | str) -> Record:
        """The message of that number; `{"m": number, "missing": True}` if its line is lost."""
        found = self.messages.get(number) if isinstance(number, int) else None
        return {"m": number, "missing": True} if found is None else found

    def numbers(self, ranges: object) -> tuple[int | str, ...]:
        """The numbers of `"1-57,60"`; see `numbers`."""
        return tuple(islice(numbers(ranges, max(self.messages, default=0)), MAX_VALUES))

    def prompt(self, ranges: object) -> list[Record]:
        """The messages of `"1-57,60"`, whole and in order."""
        resolver = _Resolver(self)
        return [resolver.follow(self.message(number), 0) for number in self.numbers(ranges)]

    def resolve(self, value: Json) -> Json:
        """The value with every `$m` and `$same` replaced by what it stands for; other markers stay.

        A reference whose target is lost, or that leads back to itself, keeps its marker with `missing` beside it.
        """
        return _Resolver(self).follow(value, 0)


class _Resolver:
    """Follows references within one value; holds how much it may still produce."""

    def __init__(self, values: Values) -> None:
        self._values = values
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
        return {key: self.follow(part, depth + 1) for key, part in mapping.items()}

    def _messages(self, ranges: Json, depth: int) -> Json:
        found: list[Json] = [self._message(number, depth) for number in self._values.numbers(ranges)]
        return found[0] if isinstance(ranges, int) else found

    def _message(self, number: int | str, depth: int) -> Json:
        return self._once(("m", number), self._values.message(number), depth)

    def _same(self, path: Json, depth: int) -> Json:
        missing = {SAME: path, "missing": True}
        if not isinstance(path, list) or not path or not isinstance(path[0], int):
            return missing
        target: Any = self._values.fields.get(path[0])
        for element in cast("list[Json]", path)[1:]:
            try:
                target = target[element]
            except (KeyError, IndexError, TypeError):
                return missing
        return (
            missing
            if target is None
            else self._once(tuple(map(str, cast("list[Json]", path))), target, depth)
        )

    def _once(self, key: tuple[Json, ...], target: Json, depth: int) -> Json:
        """Follows into a target unless it is being followed already: then it refers to itself, and stays out."""
        if key in self._following:
            return {"missing": True}
        self._following.append(key)
        try:
            return self.follow(target, depth + 1)
        finally:
            self._following.pop()
