"""langchain-callback-parquet-logger: rows in memory, a Parquet file for each hundred of them."""

from __future__ import annotations

from pathlib import Path

from stepbench.baselines import langchain_recording
from stepbench.variant import Mode, Recording, Skipped, Variant


def _start(folder: Path, _: Mode) -> Recording:
    try:
        from langchain_callback_parquet_logger import ParquetLogger
        from langchain_callback_parquet_logger.config import EventType
    except ImportError as error:
        raise Skipped(str(error)) from None
    # Its chain events fail on graphs, whose `serialized` is None.
    wanted = [event.value for event in EventType if event.value.startswith(("llm", "tool"))]
    logger = ParquetLogger(str(folder), event_types=wanted)
    return langchain_recording(logger, flush=logger.flush, close=logger.flush)


VARIANTS = (
    Variant(
        "parquet logger",
        "its model and tool events, its default buffer of 100 rows",
        _start,
        is_peer=True,
        is_full=False,
    ),
)
