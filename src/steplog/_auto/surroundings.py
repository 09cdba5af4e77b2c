"""What a bug report needs to know of the place: versions, what is installed, settings, and whether recording works here."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from steplog._format.process import boot_id, pid_namespace
from steplog._read import LogError, read
from steplog._read.health import examine
from steplog._record.recorder import Recorder
from steplog._version import __version__
from steplog._write.settings.settings import sourced
from steplog._write.settings.sources import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS: Final = ("langchain-steplog", "llama-index-observability-steplog", "steplog-auto")
_OTHERS: Final = (
    "langchain-core",
    "langchain",
    "langgraph",
    "deepagents",
    "llama-index-core",
    "llama-index-workflows",
    "orjson",
    "click",
    "rich",
    "duckdb",
    "genai-prices",
    "starlette",
    "uvicorn",
    "opentelemetry-sdk",
    "pytest",
    "ipython",
)


def surroundings(environ: Mapping[str, str]) -> dict[str, Any]:
    """Plain JSON without a secret and without contents: `versions`, `installed`, `place`, `log`, `settings`, `recording`.

    It records one run in a temporary directory and reads it back; the log that is in force here is only looked at from
    outside.
    """
    settings, found = sourced(None, environ, {})
    set_here = {
        field.name: (
            "(set)" if not field.repr else _short(getattr(settings, field.name)),
            found.sources[field.name],
        )
        for field in fields(settings)
        if found.sources.get(field.name, DEFAULT) != DEFAULT
    }
    return {
        "versions": {
            "steplog": __version__,
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        },
        "installed": {name: there for name in (*_OURS, *_OTHERS) if (there := _version(name))},
        "place": _place(),
        "log": _log(settings.path),
        "settings": {
            name: {"value": value, "from": _short(source)} for name, (value, source) in set_here.items()
        },
        "problems": list(found.problems),
        "recording": _recording(),
    }


def as_text(found: Mapping[str, Any]) -> list[str]:
    """The same in lines, to paste into a report."""
    lines = [f"{name:12} {value}" for name, value in found["versions"].items()]
    ours = {name: found["installed"].get(name, "not installed") for name in _OURS}
    others = {name: value for name, value in found["installed"].items() if name not in _OURS}
    lines += [f"{name:12} {value}" for name, value in ours.items()]
    lines.append(f"{'beside':12} {', '.join(f'{name} {value}' for name, value in others.items())}")
    lines.append(f"{'place':12} {', '.join(f'{name}: {value}' for name, value in found['place'].items())}")
    lines.append(f"{'log':12} {', '.join(f'{name}: {value}' for name, value in found['log'].items())}")
    lines += [
        f"{'setting':12} {name} = {one['value']} (from {one['from']})"
        for name, one in found["settings"].items()
    ]
    lines += [f"{'problem':12} {problem}" for problem in found["problems"]]
    lines.append(f"{'recording':12} {found['recording']}")
    return lines


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _place() -> dict[str, str]:
    """What this system has of what only some have."""
    return {
        "terminal": "yes" if sys.stderr.isatty() else "no",
        "fork": _yes(hasattr(os, "fork")),
        "O_NOFOLLOW": _yes(hasattr(os, "O_NOFOLLOW")),
        "locks": _yes(_has_locks()),
        "boot id": _yes(boot_id() is not None),
        "pid namespace": _yes(pid_namespace() is not None),
    }


def _yes(found: bool) -> str:  # noqa: FBT001 -- a word for it
    return "yes" if found else "no"


def _has_locks() -> bool:
    try:
        import fcntl  # noqa: PLC0415 -- not on Windows
    except ImportError:
        return False
    return hasattr(fcntl, "flock")


def _log(path: str) -> dict[str, str]:
    """Where it is, as short as it can be said, and whether it can be written; home is nobody's business."""
    place = Path(path)
    above = place
    while not above.exists() and above.parent != above:
        above = above.parent
    try:
        free = f"{shutil.disk_usage(above).free // 1_000_000} MB"
    except OSError as error:
        free = f"unknown ({error.strerror})"
    return {
        "path": _short(path),
        "is there": _yes(place.exists()),
        "can be written": _yes(os.access(above, os.W_OK) and (above.is_dir() or above == place)),
        "free": free,
    }


def _short(value: Any) -> Any:
    home = str(Path.home())
    return value.replace(home, "~") if isinstance(value, str) and len(home) > 1 else value


def _recording() -> str:
    """What came of one run that was written and read back."""
    try:
        with tempfile.TemporaryDirectory(prefix="steplog-doctor-") as folder:
            path = Path(folder) / "log"
            with (
                Recorder(path, content="full") as recorder,
                recorder.run("check") as run,
                run.tool("ping", args={"n": 1}) as call,
            ):
                call.set(result="pong")
            told = [(step.kind, step.name, step.status) for back in read(path).runs for step in back.steps]
            verdict = examine(path).verdict
    except (OSError, LogError) as error:
        return f"does not work: {error}"
    if told != [("tool", "ping", "ok")] or verdict != "whole":
        return (
            f"does not work: of one run with one step {len(told)} steps came back, and the log is {verdict}"
        )
    return "works: one run was written and read back"
