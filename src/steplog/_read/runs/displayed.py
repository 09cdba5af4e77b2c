"""A run as people see it who print it or have a notebook show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._read.errors import LogError
from steplog._show import frames

if TYPE_CHECKING:
    from steplog._show.views import RunView


def tree_text(run: RunView) -> str:
    """The run as a tree, as `steplog show` prints it; a sentence where its log cannot be read."""
    from steplog._show.run_tree import run_lines  # noqa: PLC0415 -- a listing needs no pictures

    try:
        return "\n".join(run_lines(run))
    except LogError as error:
        return f"run {run.id}: {error}"


def notebook_html(run: RunView) -> str:
    """The page in a frame of its own, or a tree to unfold where a run is too large for that."""
    from steplog._show.html import run_html, sentence_html  # noqa: PLC0415 -- a listing needs no pictures

    try:
        frame = frames.bound.run(run) if frames.bound else None
        return frame or run_html(run)
    except LogError as error:
        return sentence_html(f"run {run.id}: {error}")
