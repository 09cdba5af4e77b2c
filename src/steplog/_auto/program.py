"""What the words behind `steplog run` mean: which file to execute, with which arguments."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INTERPRETER = re.compile(r"(python|pypy)[\d.]*[a-z]?(\.exe)?", re.IGNORECASE)
_WAY_OUT = {
    "I": "drop it, or use the package steplog-auto with STEPLOG=1",
    "E": "drop it, or use the package steplog-auto with STEPLOG=1",
    "S": "drop it, or call activate() of the adapter in the program",
}


@dataclass(frozen=True)
class Program:
    """A file to execute, and its arguments from argv[0] on."""

    path: str
    argv: tuple[str, ...]


class CannotRunError(Exception):
    """The program cannot be started, with the exit code that a shell has for the reason."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def resolve(words: Sequence[str], environ: Mapping[str, str]) -> Program:
    """Find the program: interpreter options and Python files run under this interpreter, the rest is a command."""
    name = words[0]
    # -m, -c, - for a script on stdin, or any other option of Python; or a Python file
    if name.startswith("-") or (name.endswith(".py") and Path(name).is_file()):
        program = _under_python(words)
    else:
        command = _command(name, environ)
        program = Program(command, tuple(words)) if command else _under_python(words)
    _refuse_deaf(program)
    return program


def _under_python(words: Sequence[str]) -> Program:
    return Program(sys.executable, (sys.executable, *words))


def _command(name: str, environ: Mapping[str, str]) -> str | None:
    """The executable file, as a shell finds it; None for a Python program that is not executable."""
    search = environ.get("PATH", os.defpath)
    found = shutil.which(name, path=search)
    if found:
        return found
    file = Path(name)
    if not name or not file.exists():
        if shutil.which(name, mode=os.F_OK, path=search):
            raise CannotRunError(126, f"{name}: is not executable")
        what = "there is no such file" if file.suffix == ".py" else "command not found"
        raise CannotRunError(127, f"{name}: {what}")
    if file.is_dir() and not (file / "__main__.py").exists():
        raise CannotRunError(126, f"{name}: is a directory without a __main__.py")
    shebang = _shebang(file)
    if shebang and not any(_is_interpreter(word) for word in shebang):
        raise CannotRunError(126, f"{name}: is not executable, and not a Python program")
    return None


def _refuse_deaf(program: Program) -> None:
    """Refuse an interpreter that is told to ignore what reaches it: PYTHONPATH, or sitecustomize."""
    words = program.argv if _is_interpreter(program.path) else _shebang(Path(program.path))
    while words and not _is_interpreter(words[0]):
        words = words[1:]  # `env`, its options and assignments
    letter = _deaf_option(words[1:])
    if letter:
        ignored = "site" if letter == "S" else "the environment"
        command = Path(program.argv[0]).name
        raise CannotRunError(
            2, f"{command}: -{letter} ignores {ignored}, so recording cannot start: {_WAY_OUT[letter]}"
        )


def _deaf_option(words: Sequence[str]) -> str | None:
    """Read Python's options as Python does, alone or combined, up to the program's own arguments."""
    options = iter(words)
    for word in options:
        if not word.startswith("-") or word in {"-", "--"}:
            return None
        if word == "--check-hash-based-pycs":
            next(options, None)
        if word.startswith("--"):
            continue
        for place, letter in enumerate(word[1:], 2):
            if letter in _WAY_OUT:
                return letter
            if letter in "cm":
                return None
            if letter in "WX":
                if place == len(word):
                    next(options, None)
                break
    return None


def _is_interpreter(word: str) -> bool:
    return _INTERPRETER.fullmatch(Path(word).name) is not None


def _shebang(file: Path) -> tuple[str, ...]:
    try:
        with file.open("rb") as script:
            first = script.readline(512)
    except OSError:
        return ()  # unreadable or a directory: whatever is wrong with it, the kernel will say
    return tuple(os.fsdecode(first[2:]).split()) if first.startswith(b"#!") else ()
