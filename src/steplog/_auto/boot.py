"""Switches recording on in this process if the environment asks for it: the one call for a .pth or a launcher."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # `typing` costs more to import than this whole module
if TYPE_CHECKING:
    from collections.abc import Mapping

_OFF = frozenset({"", "0", "false", "no", "off"})
_ON = frozenset({"1", "true", "yes", "on"})
_NO_WORDS = frozenset({""})


def install() -> None:
    """Do nothing unless `STEPLOG` is on; then wait for a framework. Cheap: no framework, no writer is imported."""
    if not wanted(os.environ):
        return
    # absolute, as the program may change its directory, and its children may start in another
    for name, words in (("STEPLOG", _OFF | _ON), ("STEPLOG_PATH", _NO_WORDS)):
        path = os.environ.get(name, "")
        if path.strip().lower() not in words:
            home = os.path.expanduser(path.strip())  # noqa: PTH111 -- pathlib costs 5 ms of start-up
            os.environ[name] = os.path.abspath(home)  # noqa: PTH100 -- as above
    project = project_here(os.environ)
    if project:
        os.environ["STEPLOG_PYPROJECT"] = project

    from steplog._auto import finder  # noqa: PLC0415 -- nothing to pay while STEPLOG is off

    finder.install()
    if "STEPLOG_SPEAKER" in os.environ:
        from steplog._auto import farewell  # noqa: PLC0415 -- only below `steplog run`, and only there to be heard

        farewell.prepare()
    if "STEPLOG_WITNESS" in os.environ:
        from steplog._auto import witness  # noqa: PLC0415 -- only below `steplog try`

        witness.prepare()


boot = install  # its public name, `steplog.boot`, for the package steplog-auto


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether `STEPLOG` is on."""
    return environ.get("STEPLOG", "").strip().lower() not in _OFF


def project_here(environ: Mapping[str, str]) -> str | None:
    """The working directory's pyproject.toml if it may speak of us, for the same reason as the path: absolute, once."""
    if environ.get("STEPLOG_PYPROJECT"):
        return None
    try:
        with open("pyproject.toml", "rb") as file:  # noqa: PTH123 -- as above
            return os.path.abspath(file.name) if b"steplog" in file.read() else None  # noqa: PTH100 -- as above
    except OSError:
        return None
