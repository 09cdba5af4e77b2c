"""What the environment's .pth and .start files call as Python starts: boots steplog if `STEPLOG` is on."""

import os
import sys

_OFF = (
    "",
    "0",
    "false",
    "no",
    "off",
)  # as in zzz_steplog_auto.pth; a .start file is followed whatever STEPLOG says


def start() -> None:
    """Boot; a steplog that is broken, or gone, costs one line and not the program."""
    if os.environ.get("STEPLOG", "").strip().lower() in _OFF:
        return
    try:
        import steplog  # noqa: PLC0415 -- may fail, and that is handled here

        steplog.boot()
    except Exception as error:  # noqa: BLE001 -- of any kind: the program must run
        _say_once(error)
    os.environ["STEPLOG_REACHED"] = "1"


def _say_once(error: Exception) -> None:
    """Only the first process speaks: a line from a tool it calls could change what it reads from that tool."""
    if os.environ.get("STEPLOG_REACHED") or sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison] -- None under pythonw
        return
    if isinstance(error, ModuleNotFoundError) and error.name == "steplog":
        reason = f"it is not installed for {sys.executable}"
    else:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
    sys.stderr.write(f"steplog: nothing is recorded: {reason}\n")
