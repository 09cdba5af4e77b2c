"""What a program or an adapter told under a name that the format does not have: said once, with the name it meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from steplog._format.record import STEPS
from steplog._secrets.texts import masked
from steplog._write.guard import complain

_MOST_SAID: Final = 50  # in a process
_MOST_SHOWN: Final = 60  # characters
_said: set[tuple[str, str]] = set()


def shown_name(name: object) -> str:
    """A name as a warning may show it: short, and without secrets; of what is no text the type."""
    return masked(name, {})[:_MOST_SHOWN] if type(name) is str else type(name).__name__


def tell_unknown(what: str, name: object, allowed: Iterable[str], becomes: str) -> None:
    """One warning in a process: there is no such `what`; which was probably meant, and what `becomes` of it."""
    shown = shown_name(name)
    if (what, shown) in _said or len(_said) >= _MOST_SAID:
        return
    _said.add((what, shown))
    from difflib import get_close_matches  # noqa: PLC0415 - only for mistakes

    names = sorted(allowed)
    meant = get_close_matches(shown, names, 1)
    hint = f"did you mean {meant[0]!r}? There are" if meant else "there are"
    complain(f"{what} {shown}", f"unknown {what} {shown!r}, {becomes}; {hint} {', '.join(names)}")


def tell_misshapen(where: str, name: str, shape: str) -> None:
    """One warning in a process: a known field holds what it cannot hold."""
    if (where, name) in _said or len(_said) >= _MOST_SAID:
        return
    _said.add((where, name))
    complain(f"{where} {name}", f"{name} of {where} is {shape}; what it was given is under `extra` there")


def node_instead_of(kind: object, fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A kind that the format knows, and the fields with the kind that was told."""
    tell_unknown("kind of step", kind, STEPS, "written as a node with the kind under `extra`")
    return "node", with_extra(fields, "kind", kind)


def with_extra(fields: Mapping[str, Any], name: str, value: object) -> dict[str, Any]:
    """The fields, with one more that has no place under `extra`."""
    extra = fields.get("extra")
    told = extra if type(extra) is dict else {} if extra is None else {"extra": extra}
    return {**fields, "extra": {**told, name: value}}
