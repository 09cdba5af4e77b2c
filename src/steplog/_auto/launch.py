"""Becomes the program, with an environment that reaches every Python process below it."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from steplog._auto.boot import project_here
from steplog._auto.farewell import SPEAKER
from steplog._auto.program import CannotRunError
from steplog._format.project import path_and_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from steplog._auto.program import Program

LAUNCHER = str(Path(__file__).resolve().parent / "launcher")


def environment(
    environ: Mapping[str, str], settings: Mapping[str, str | None], *, quiet: bool = False
) -> dict[str, str]:
    """The program's environment: ours plus the launcher's folder, and each setting given (`path`, `content` ...).

    Unless `quiet`, this process, which becomes the program, says at its end what was recorded.
    """
    given = {f"STEPLOG_{name.upper()}": value for name, value in settings.items() if value}
    env = {**environ, "STEPLOG": "1", **given}
    path = given.get("STEPLOG_PATH") or path_and_source(environ)[0]
    env["STEPLOG_PATH"] = str(Path(path).expanduser().absolute())  # the program may change its directory
    project = project_here(environ)
    if project:
        env["STEPLOG_PYPROJECT"] = project
    # an empty entry would mean the current directory, which a user's empty PYTHONPATH does not
    rest = environ.get("PYTHONPATH")
    env["PYTHONPATH"] = f"{LAUNCHER}{os.pathsep}{rest}" if rest else LAUNCHER
    env.pop("STEPLOG_REACHED", None)  # below another `steplog run`: this is a new program
    env.pop(SPEAKER, None)
    if not quiet:
        env[SPEAKER] = f"{os.getpid()} -p {shlex.quote(path)}" if settings.get("path") else str(os.getpid())
    return env


def launch(program: Program, env: Mapping[str, str]) -> NoReturn:
    """Replace this process, so that exit code, signals, terminal and streams are the program's own."""
    if sys.platform == "win32":
        _stand_by(program, env)
    _restore_signals()
    try:
        os.execve(program.path, program.argv, env)  # noqa: S606 -- running the user's program is the job
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise CannotRunError(126, f"{program.argv[0]}: {error.strerror}") from error
    # a script without a first line `#!`: shells and execvp hand it to sh
    os.execve("/bin/sh", ("/bin/sh", program.path, *program.argv[1:]), env)  # noqa: S606 -- as above


def _restore_signals() -> None:
    """Undo what Python ignores for itself and what would stay ignored in the program (`yes | head` hangs)."""
    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)


def _stand_by(program: Program, env: Mapping[str, str]) -> NoReturn:
    """Windows cannot replace a process: wait for the program and pass its exit code on."""
    import subprocess  # noqa: PLC0415 -- not needed elsewhere, where we are gone by now

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program
    done = subprocess.run([program.path, *program.argv[1:]], env=dict(env), check=False)  # noqa: S603 -- as above
    raise SystemExit(done.returncode)
