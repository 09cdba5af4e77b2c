"""Boots steplog in each interpreter that `steplog run` reaches, then makes way for the program's sitecustomize."""

# ruff: noqa: INP001 -- no package: this folder goes onto PYTHONPATH for Python to find this file at start-up

import os
import sys


def _withdraw() -> None:
    """Take this folder and this module out of the program's sight: an import of sitecustomize means its own."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 -- pathlib costs 5 ms of start-up
    sys.path[:] = [entry for entry in sys.path if entry != here]
    sys.path_importer_cache.pop(here, None)
    del sys.modules[__name__]


def _boot() -> None:
    """Boot; a steplog that is broken, or not there in this interpreter, costs one line and not the program."""
    try:
        from steplog._auto.boot import install  # noqa: PLC0415 -- may fail, and that is handled here

        install()
    except Exception as error:  # noqa: BLE001 -- of any kind: the program must run
        _say_once(error)
    os.environ["STEPLOG_REACHED"] = "1"


def _say_once(error: Exception) -> None:
    """Only the first interpreter speaks: a line from a tool it calls could change what it reads from that tool."""
    if os.environ.get("STEPLOG_REACHED") or sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] -- None under pythonw
        return
    if isinstance(error, ModuleNotFoundError) and error.name == "steplog":
        reason = f"it is not installed for {sys.executable}"
    else:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
    sys.stderr.write(f"steplog: nothing is recorded: {reason}\n")


_withdraw()
try:
    # The program's own, wherever it is. If there is none, or it fails, `site` hears just what it would without us.
    __import__("sitecustomize")
finally:
    _boot()  # afterwards: the program's may add the path on which steplog is found
