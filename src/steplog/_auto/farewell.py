"""What `steplog run` says when its program is over: what was recorded and how to look at it, or why nothing was."""

from __future__ import annotations

import atexit
import os
import sys

TYPE_CHECKING = False  # `typing` costs more to import than this module
if TYPE_CHECKING:
    from collections.abc import Sequence

    from steplog._read import Run

# The process that is to speak, and what `steplog show` needs to find the log: "4711 -p logs". `steplog run` becomes its
# program, so the number stays; the program's children have other numbers and keep silent.
SPEAKER = "STEPLOG_SPEAKER"
_MOST_RUNS = 3
_CELLS = 100


def prepare() -> None:
    """Speak at the end of this process, if it is the one that `steplog run` became and a person sees its stderr."""
    pid, _, options = os.environ.get(SPEAKER, "").partition(" ")
    if pid != str(os.getpid()):
        return
    # Several ways lead here (a launcher, a `.pth` file), and the first one is enough.
    del os.environ[SPEAKER]
    if _is_terminal():
        # Registered before the recorder is imported, so called after it has closed the log.
        atexit.register(speak, os.getpid(), options)


def speak(pid: int, options: str = "") -> None:
    """Write the farewell of process `pid` to stderr; says nothing in a child that was forked from it."""
    if os.getpid() != pid or not _is_terminal():
        return
    try:
        lines = farewell(pid, options)
    except Exception as error:  # noqa: BLE001 -- the program is over; whatever is wrong here must not change its exit code
        lines = [f"cannot tell what was recorded: {type(error).__name__}: {error}"]
    sys.stderr.write("".join(f"steplog: {line}\n" for line in lines))
    sys.stderr.flush()


def farewell(pid: int, options: str = "") -> list[str]:
    """One line for each of the newest runs that process `pid` began, or one sentence on why there is none.

    `options` are what `steplog show` must be told to find this log.
    """
    from steplog._auto.switch import recording_to  # noqa: PLC0415 -- as the line before
    from steplog._format.process import boot_id  # noqa: PLC0415 -- the program has paid for these if it recorded anything

    path = recording_to()
    everything = _runs_in(path)
    boot = boot_id()
    runs = [run for run in everything if run.writer.get("pid") == pid and run.writer.get("boot") == boot]
    if not runs:
        return [_why_nothing(bool(everything))]
    newest = runs[-_MOST_RUNS:]
    lines = [_line(run, "@last" if run is everything[-1] else run.id[:8], options) for run in newest]
    before = len(runs) - len(newest)
    return (
        [f"{before} more {'run' if before == 1 else 'runs'} before: steplog ls {options}".rstrip(), *lines]
        if before
        else lines
    )


def _runs_in(path: str) -> Sequence[Run]:
    from steplog._read import LogError, read  # noqa: PLC0415 -- as in `farewell`

    try:
        return read(path).runs
    except LogError:
        return ()


def _line(run: Run, selector: str, options: str) -> str:
    from steplog._show.terminal_text import one_line  # noqa: PLC0415 -- as in `farewell`

    totals = run.totals
    steps = totals.get("steps", 0)
    sent, got = totals.get("input_tokens"), totals.get("output_tokens")
    tokens = (
        f"{'?' if sent is None else sent}/{'?' if got is None else got} tokens"
        if totals.get("llm_calls")
        else ""
    )
    said = [
        one_line(run.name, 40) or "(no name)",
        run.status,
        f"{steps} {'step' if steps == 1 else 'steps'}",
        tokens,
    ]
    return one_line(
        "  ".join(word for word in (*said, f"steplog show {selector} {options}".rstrip()) if word), _CELLS
    )


def _why_nothing(is_older_there: bool) -> str:  # noqa: FBT001 -- said once, right above
    from steplog._auto.finder import TRIGGERS  # noqa: PLC0415 -- as in `farewell`

    there = [
        name for trigger, (name, adapter, _) in TRIGGERS.items() if {trigger, adapter} <= sys.modules.keys()
    ]
    why = (
        f"{' and '.join(there)} was imported, but no agent, chain or model of it ran"
        if there
        else _no_framework()
    )
    return f"nothing was recorded: {why}" + ("; what the log has is older" if is_older_there else "")


def _no_framework() -> str:
    if "langchain_core" in sys.modules or "llama_index" in sys.modules:
        return "the program stopped before its first run"
    return "the program imported neither LangChain nor LlamaIndex"


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # gone, or closed by the program
        return False
