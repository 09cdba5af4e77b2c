"""What is said of notes whose runs are no longer in the log, where somebody asks by labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._cli.command import complain

if TYPE_CHECKING:
    from steplog._ask.query import Query
    from steplog._read.log import Log


def tell_gone_notes(log: Log, query: Query, *, always: bool = False) -> None:
    """Names on standard error the labelled runs that were pruned, if the query asks for labels, or `always`."""
    from steplog._ask.noted import gone_notes, gone_sentence  # noqa: PLC0415 -- `steplog --help` and completion need none

    wanted = {label for choice in query.label for label in choice}
    if always or wanted:
        gone = [note for note in gone_notes(log) if not wanted or wanted & {*note.labels}]
        if gone:
            complain(gone_sentence(gone))
