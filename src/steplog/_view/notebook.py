"""A run, or a log, in a notebook: the same page in a frame, with its data inside, shut off from the notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from steplog._read.errors import LogError
from steplog._show import frames
from steplog._show.html import sentence_html

if TYPE_CHECKING:
    from steplog._format.record import Content
    from steplog._read import Log, Run

# A notebook keeps what it shows: so much, and then a hint where the rest is.
MOST_RUNS: Final = 20
MOST_STEPS: Final = 4_000
_FEW_STEPS: Final = 1_000  # more than these are shown with the first 200 characters of each text
_HEIGHT: Final = 560


def bind() -> None:
    """From now on notebooks show runs and logs as the page."""
    frames.bound = frames.Frames(run=run_frame, log=log_frame)


def run_frame(run: Run) -> str | None:
    """The frame; None if the run is too large for a notebook."""
    steps = _steps(run)
    if steps > MOST_STEPS:
        return None
    return _frame([run], str(run.file.parent), "preview" if steps > _FEW_STEPS else "full")


def log_frame(log: Log) -> str | None:
    """The newest runs of the log in a frame."""
    shown: list[Run] = []
    left = MOST_STEPS
    for run in reversed(log.runs[-MOST_RUNS:]):
        left -= _steps(run)
        if left < 0 and shown:
            break
        shown.append(run)
    content: Content = "preview" if MOST_STEPS - left > _FEW_STEPS else "full"
    return _frame(shown, str(log.path), content, log, len(log.runs) - len(shown))


def _steps(run: Run) -> int:
    steps = run.totals.get("steps")
    return steps if isinstance(steps, int) else 0


def _frame(runs: list[Run], path: str, content: Content, log: Log | None = None, more: int = 0) -> str:
    from steplog._view.single_file import html  # noqa: PLC0415 -- a program that only reads needs no page

    try:
        notices = log.notices if log else ()
        page = html(runs, path=path, content=content, log=log, more=more, notices=notices)
    except LogError as error:
        return sentence_html(f"{path}: {error}")
    # `sandbox` without `allow-same-origin`: whatever a log holds, it is not in the notebook's world.
    style = f"width:100%;height:{_HEIGHT}px;border:1px solid #8884;border-radius:6px"
    return (
        f'<iframe sandbox="allow-scripts" style="{style}" title="steplog" srcdoc="{escape(page)}"></iframe>'
    )
