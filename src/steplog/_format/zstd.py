"""The zstd module, wherever it comes from: Python 3.14's own, or the same code as a package before it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

_MODULES: Final = ("compression.zstd", "backports.zstd")


def zstd_module() -> Any:
    """The module; raises `ImportError` where there is none."""
    for name in _MODULES:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ImportError("no zstd is installed: pip install backports.zstd")


def open_zstd(path: Path) -> BinaryIO:
    """A compressed file's content; raises `OSError`, and `ImportError` where there is no zstd."""
    return cast("BinaryIO", zstd_module().open(path, "rb"))


def unreadable() -> tuple[type[Exception], ...]:
    """What reading a damaged or cut file may raise, plain or compressed."""
    try:
        return (OSError, EOFError, ValueError, zstd_module().ZstdError)
    except ImportError:
        return (OSError, EOFError, ValueError, ImportError)
