"""A run as one Markdown page for people: what happened to it first, then its steps, then what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from steplog._ask.conversation import conversation
from steplog._ask.postmortem import postmortem
from steplog._show.chat import chat_lines
from steplog._show.look import PLAIN
from steplog._show.note_lines import note_line
from steplog._show.postmortem_page import fenced, markdown_lines
from steplog._show.run_tree import run_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steplog._read.runs.run import Run


_COLUMNS: Final = 1_000


def markdown(run: Run, *, full: bool = False) -> str:
    """The run as Markdown: the post-mortem, the tree of its steps, the conversation with long texts shortened unless `full`.

    Whatever the log says stands in blocks of code, where it means nothing. Raises: LogError if the run's files are gone.
    """
    return "\n".join(_lines(run, full=full)) + "\n"


def _lines(run: Run, *, full: bool) -> Iterator[str]:
    yield from markdown_lines(postmortem(run).as_json())
    if run.notes:
        yield from ("", "## Notes", "")
        yield from fenced([note_line(note, _COLUMNS) for note in run.notes])
    yield from ("", "## Steps", "")
    yield from fenced([line.rstrip() for line in run_lines(run, PLAIN)])
    yield from ("", "## Conversation", "")
    yield from fenced(list(chat_lines(conversation([run]).as_json(), PLAIN, full=full)))
