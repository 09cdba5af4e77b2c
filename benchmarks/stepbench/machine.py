"""What the figures were taken on, and with which versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "orjson", "langchain", "langchain-core", "langgraph", "llama-index-core", "langchain-callback-parquet-logger",
    "openinference-instrumentation-langchain", "openinference-instrumentation-llama-index", "opentelemetry-sdk",
    "langsmith", "langfuse",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Installed versions of what is compared."""
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def facts() -> dict[str, object]:
    """Machine and versions."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "versions": versions(),
    }


def sentence() -> str:
    """The same in words."""
    named = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores "
            f"(load {os.getloadavg()[0]:.1f} at the end, our own 1 included); {named}.")  # fmt: skip
