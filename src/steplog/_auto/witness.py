"""What a program below `steplog try` says of itself when it ends: what it imported, and where it wrote."""

from __future__ import annotations

import atexit
import json
import os
import sys

# The folder into which each Python process below `steplog try` puts one file: empty when it begins, filled when it ends.
WITNESS = "STEPLOG_WITNESS"
CLIENTS = ("openai", "anthropic", "google.genai", "mistralai", "cohere", "ollama", "boto3", "litellm")


def prepare() -> None:
    """Leave a file now, and fill it at the end of this process."""
    folder = os.environ.get(WITNESS, "")
    if os.path.isdir(folder):  # noqa: PTH112 -- as in boot
        file = os.path.join(folder, f"{os.getpid()}.json")  # noqa: PTH118 -- as in boot
        open(file, "ab").close()  # noqa: PTH123 -- as in boot
        atexit.register(_tell, os.getpid(), file)


def _tell(pid: int, file: str) -> None:
    if os.getpid() != pid:
        return
    try:
        with open(file, "w", encoding="utf-8") as out:  # noqa: PTH123 -- as in boot
            json.dump(said(), out)
    except OSError as error:
        sys.stderr.write(f"steplog: cannot tell what this program did: {error}\n")


def said() -> dict[str, list[str]]:
    """`frameworks`, those `deaf` for want of an adapter (each as what pip installs), provider `clients`, and `logs` written."""
    from importlib.util import find_spec  # noqa: PLC0415 -- the program is over

    from steplog._auto.finder import TRIGGERS  # noqa: PLC0415 -- as the line before

    roots = {"LangChain": "langchain_core", "LlamaIndex": "llama_index_instrumentation"}
    here = [(name, adapter, pip) for name, adapter, pip in TRIGGERS.values() if roots[name] in sys.modules]
    registry = sys.modules.get("steplog._write.registry")
    return {
        "frameworks": [name for name, _, _ in here],
        "deaf": [pip for _, adapter, pip in here if not _is_there(adapter, find_spec)],
        "clients": [name for name in CLIENTS if name in sys.modules],
        "logs": registry.paths() if registry else [],
    }


def _is_there(adapter: str, find_spec: object) -> bool:
    try:
        return adapter in sys.modules or bool(callable(find_spec) and find_spec(adapter))
    except (ImportError, ValueError):  # a package above it is missing
        return False
