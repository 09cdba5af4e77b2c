"""What the project around a process says of its log: `[tool.steplog]` in pyproject.toml, and where the log is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

DEFAULT_PATH: Final = "steplogs"
OFF: Final = frozenset({"", "0", "false", "no", "off"})
ON: Final = frozenset({"1", "true", "yes", "on"})
# The functions behind `os`: event-loop guards refuse those of `os`, and a handler may be made inside a loop.
_os: Final[Any] = sys.modules[os.name]
_MOST_BYTES: Final = 1 << 22


class Project(NamedTuple):
    """A pyproject.toml that mentions us; `file` is empty where there is none, `problem` says why it cannot be used."""

    file: str
    table: Mapping[str, Any]
    problem: str = ""


_known: dict[str, Project] = {}


def project(environ: Mapping[str, str]) -> Project:
    """`[tool.steplog]` of `$STEPLOG_PYPROJECT`, else of the working directory's pyproject.toml; each is read once."""
    named = environ.get("STEPLOG_PYPROJECT", "")
    try:
        file = named or f"{_os.getcwd()}{os.sep}pyproject.toml"
    except OSError:  # the working directory was deleted
        return Project("", {})
    if file not in _known:
        _known[file] = _read(file, must_exist=bool(named))
    return _known[file]


def path_and_source(environ: Mapping[str, str]) -> tuple[str, str]:
    """The log's path where no argument says it, and what does: a variable, the project's file, or "default"."""
    if environ.get("STEPLOG_PATH"):
        return environ["STEPLOG_PATH"], "STEPLOG_PATH"
    switch = environ.get("STEPLOG", "").strip()
    if switch.lower() not in OFF | ON:
        return switch, "STEPLOG"
    found = project(environ)
    path = found.table.get("path")
    if isinstance(path, str) and path:
        return os.path.join(os.path.dirname(found.file), os.path.expanduser(path)), found.file  # noqa: PTH111, PTH118, PTH120 -- pathlib's absolute() asks `os`, see above
    return DEFAULT_PATH, "default"


def _read(file: str, *, must_exist: bool) -> Project:
    try:
        text = _bytes_of(file)
    except OSError as error:
        return Project("", {}, f"cannot read {file}: {error.strerror}" if must_exist else "")
    if b"steplog" not in text:
        return Project("", {})
    import tomllib  # noqa: PLC0415 -- 10 ms that only those pay who configure here

    try:
        tool = tomllib.loads(text.decode()).get("tool", {})
    except ValueError as error:
        return Project(file, {}, f"cannot read {file}: {error}")
    table = tool.get("steplog") if isinstance(tool, dict) else None
    if table is None:
        return Project("", {})
    if not isinstance(table, dict):
        return Project(file, {}, f"{file}: tool.steplog is no table")
    return Project(file, table)


def _bytes_of(file: str) -> bytes:
    descriptor = _os.open(file, os.O_RDONLY)
    try:
        pieces: list[bytes] = []
        while sum(map(len, pieces)) < _MOST_BYTES and (piece := _os.read(descriptor, _MOST_BYTES)):
            pieces.append(piece)
    finally:
        _os.close(descriptor)
    return b"".join(pieces)
