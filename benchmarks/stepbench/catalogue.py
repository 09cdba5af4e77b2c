"""All workloads, and the variants that each can take."""

from __future__ import annotations

from stepbench import langchain_variants, langchain_work, llama_index_variants, llama_index_work
from stepbench.peers import (
    langfuse_local,
    langsmith_local,
    openinference_langchain,
    openinference_llama_index,
    parquet_logger,
)
from stepbench.variant import Variant
from stepbench.workload import Workload

WORK = (*langchain_work.WORK, *llama_index_work.WORK)

_VARIANTS: dict[str, tuple[Variant, ...]] = {
    "langchain": (
        *langchain_variants.VARIANTS,
        *parquet_logger.VARIANTS,
        *openinference_langchain.VARIANTS,
        *langsmith_local.VARIANTS,
        *langfuse_local.VARIANTS,
    ),
    "llama-index": (*llama_index_variants.VARIANTS, *openinference_llama_index.VARIANTS),
}


def variants_for(work: Workload) -> list[Variant]:
    """The variants of a workload's framework, peers only where it has them."""
    return [v for v in _VARIANTS[work.framework] if work.peers or not v.is_peer]
