"""Handlers to compare with: one that does nothing, and the smallest that writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

from stepbench.variant import Recording

HOOKS = tuple(
    f"on_{what}"
    for what in (
        "chain_start", "chain_end", "chain_error", "chat_model_start", "llm_start", "llm_new_token", "llm_end",
        "llm_error", "tool_start", "tool_end", "tool_error", "retriever_start", "retriever_end", "retriever_error",
        "custom_event", "retry", "text", "agent_action", "agent_finish",
    )
)  # fmt: skip


def _nothing(self: Any, *args: Any, **kwargs: Any) -> None:
    """Do nothing."""


async def _nothing_async(self: Any, *args: Any, **kwargs: Any) -> None:
    """Do nothing."""


# Every hook overridden, or LangChain would skip some and turn chat messages into one text for others.
NoOp = type("NoOp", (BaseCallbackHandler,), dict.fromkeys(HOOKS, _nothing))
NoOpAsync = type("NoOpAsync", (AsyncCallbackHandler,), dict.fromkeys(HOOKS, _nothing_async))


class _Lines:
    """One line for each hook, with all that the hook was given first; one `write` each; nothing for tokens."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, event: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        record = {
            "ev": event,
            "ts": time.time(),
            "run": str(kwargs["run_id"]),
            "parent": str(kwargs.get("parent_run_id")),
            "name": kwargs.get("name"),
            "data": args[-1],
        }
        os.write(self._fd, orjson.dumps(record, default=_as_dict, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        os.close(self._fd)


def _as_dict(o: Any) -> Any:
    return getattr(o, "__dict__", None) or repr(type(o))


def _writing(event: str) -> Callable[..., None]:
    def hook(self: Any, *args: Any, **kwargs: Any) -> None:
        self.lines.write(event, args, kwargs)

    return hook


def _writing_async(event: str) -> Callable[..., Any]:
    async def hook(self: Any, *args: Any, **kwargs: Any) -> None:
        self.lines.write(event, args, kwargs)

    return hook


def _takes_folder(self: Any, folder: Path) -> None:
    self.lines = _Lines(folder)


_QUIET = {"__init__": _takes_folder, "on_llm_new_token": _nothing}
_QUIET_ASYNC = {"__init__": _takes_folder, "on_llm_new_token": _nothing_async}
Floor: Any = type("Floor", (BaseCallbackHandler,), {name: _writing(name) for name in HOOKS} | _QUIET)
FloorAsync: Any = type(
    "FloorAsync", (AsyncCallbackHandler,), {name: _writing_async(name) for name in HOOKS} | _QUIET_ASYNC
)


def langchain_recording(handler: Any, **more: Any) -> Recording:
    """A recording by one LangChain handler."""
    return Recording([handler], hooked=[(handler, HOOKS)], **more)
