"""A run's own whole input and output, and what else its own lines say: what `steplog show RUN 0` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._show.look import PLAIN
from steplog._show.run_tree import error_lines, header, totals_text
from steplog._show.step_page import field_lines
from steplog._show.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._format.record import Json
    from steplog._show.look import Look
    from steplog._show.views import RunView


def run_page(run: RunView, own: Mapping[str, Json], look: Look = PLAIN) -> Iterator[str]:
    """The run without its steps; `own` are its other fields, such as `tags` and `metadata`."""
    yield from (line for line in header(run, look) if not line.startswith(("in   ", "out  ")))
    for name, value in own.items():
        yield from field_lines(name, value)
    for name, value in (("input", run.input), ("output", run.output)):
        if value is not None:
            yield ""
            yield from field_lines(name, value)
    if run.error is not None:
        yield ""
        yield from error_lines(run.error, "", look)
    yield ""
    yield visible(f"totals: {totals_text(run.totals)}")
    if run.totals_note:
        yield visible(run.totals_note)
