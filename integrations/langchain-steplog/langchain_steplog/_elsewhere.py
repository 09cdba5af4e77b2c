"""The step of LlamaIndex that the code now running belongs to, read from LlamaIndex's own context; nothing is set."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Final

LLAMA_INDEX: Final = "llama_index_instrumentation.span"  # the module that is there where LlamaIndex is in use


def llama_index_step() -> Hashable:
    """The id of LlamaIndex's innermost span here; None outside of one, or where LlamaIndex is not in use."""
    module = sys.modules.get(LLAMA_INDEX)
    variable = getattr(module, "active_span_id", None)
    return None if variable is None else variable.get(None)
