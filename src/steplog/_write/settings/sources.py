"""Where the value of each setting comes from: an argument, a variable, the project's file, or the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from steplog._format.project import project

DEFAULT: Final = "default"
ARGUMENT: Final = "argument"
# What else of ours stands in the environment: the switch, and notes of a process to its children.
_NO_SETTINGS: Final = frozenset(
    {
        "STEPLOG",
        "STEPLOG_PATH",
        "STEPLOG_PYPROJECT",
        "STEPLOG_REACHED",
        "STEPLOG_SPEAKER",
        "STEPLOG_WITNESS",
        "STEPLOG_CACHE",
    }
)
Check = Callable[[str, Any], Any]


class Found(NamedTuple):
    """What was set: values and sources by name, and a sentence for each value or name that cannot be used."""

    values: dict[str, Any]
    sources: dict[str, str]
    problems: list[str]


def gather(
    names: frozenset[str],
    environ: Mapping[str, str],
    given: Mapping[str, Any],
    parsed: Check,
    checked: Check,
) -> Found:
    """Arguments, then variables, then the project's table. A bad argument raises; what else is bad is named.

    `names` are the settings that a text can have; `parsed` reads a text and `checked` a value, raising `ValueError`.
    """
    found = Found({}, {}, [])
    _take_project(found, names, environ, parsed, checked)
    _take_environment(found, names, environ, parsed)
    for name, value in given.items():
        if value is not None:
            found.values[name] = checked(name, value)
            found.sources[name] = ARGUMENT
    return found


def _take_project(
    found: Found, names: frozenset[str], environ: Mapping[str, str], parsed: Check, checked: Check
) -> None:
    here = project(environ)
    if here.problem:
        found.problems.append(here.problem)
    for name, value in here.table.items():
        if name == "path" and isinstance(value, str) and value:
            continue  # where the log is, is asked for elsewhere, by readers too
        if name == "prices":
            continue  # what models cost is for readers, and no setting
        if name == "path":
            found.problems.append(f"path={value!r}: allowed is a text (from {here.file}; using the default)")
            continue
        if name not in names:
            found.problems.append(
                f"unknown setting {name!r} in {here.file}{_there_are(names | {'path'}, name)}"
            )
            continue
        try:
            found.values[name] = parsed(name, value) if isinstance(value, str) else checked(name, value)
            found.sources[name] = here.file
        except ValueError as error:
            found.problems.append(f"{_bare(error)} (from {here.file}; using the default)")


def _take_environment(found: Found, names: frozenset[str], environ: Mapping[str, str], parsed: Check) -> None:
    variables = {f"STEPLOG_{name.upper()}": name for name in names}
    for variable in sorted(name for name in environ if name.startswith("STEPLOG_")):
        if variable in _NO_SETTINGS:
            continue
        name = variables.get(variable)
        if name is None:
            known = frozenset(variables) | {"STEPLOG_PATH"}
            found.problems.append(f"unknown variable {variable}{_there_are(known, variable)}")
            continue
        try:
            found.values[name] = parsed(name, environ[variable])
            found.sources[name] = variable
        except ValueError as error:
            used = f"that of {found.sources[name]}" if name in found.sources else "the default"
            found.problems.append(f"{_bare(error)} (from {variable}; using {used})")


def _there_are(names: frozenset[str], unknown: str) -> str:
    """The names there are, the one that was probably meant first."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only for typos

    meant = get_close_matches(unknown, names, 1)
    lead = f"; did you mean {meant[0]}? There are" if meant else "; there are"
    return f"{lead} {', '.join(sorted(names))}"


def _bare(error: ValueError) -> str:
    return str(error).removeprefix("steplog: ")
