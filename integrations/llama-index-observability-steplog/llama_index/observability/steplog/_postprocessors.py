"""Node postprocessors that are awaited: LlamaIndex makes no span for the ones that have an async way of their own."""

from __future__ import annotations

import sys
from functools import wraps
from typing import Any, Final

from llama_index_instrumentation import get_dispatcher

_MODULE: Final = "llama_index.core.postprocessor.types"
_replaced: list[tuple[Any, Any, Any]] = []


def listen() -> None:
    """Have `apostprocess_nodes` make a span where the class defines `_apostprocess_nodes` itself; once it is imported.

    Where it does not, the base class calls the synchronous way, which has a span.
    """
    base: Any = getattr(sys.modules.get(_MODULE), "BaseNodePostprocessor", None)
    if _replaced or base is None or not hasattr(base, "apostprocess_nodes"):
        return
    original, default = base.apostprocess_nodes, getattr(base, "_apostprocess_nodes", None)

    @wraps(original)
    async def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await original(self, *args, **kwargs)

    # A function of ours is given to `span`, which marks what it is given.
    spanned: Any = get_dispatcher(_MODULE).span(called)

    @wraps(original)
    async def apostprocess_nodes(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(type(self), "_apostprocess_nodes", None) is default:
            return await original(self, *args, **kwargs)
        # Bound, so that the span knows whose method it is.
        return await spanned.__get__(self, type(self))(*args, **kwargs)

    base.apostprocess_nodes = apostprocess_nodes
    _replaced.append((base, original, apostprocess_nodes))


def unlisten() -> None:
    """Put LlamaIndex's own method back, where nobody has wrapped it since."""
    while _replaced:
        base, original, ours = _replaced.pop()
        if base.apostprocess_nodes is ours:
            base.apostprocess_nodes = original
