"""How a reading command ends: exit codes, one sentence for what went wrong, silence for pipes and Ctrl-C."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli.progress import over, progress
from steplog._format.shipped import is_url
from steplog._read.errors import LogError, NotFound
from steplog._show.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from steplog._read.log import Log

NO: Final = 1  # the answer is "no": no such run, nothing there
USAGE: Final = 2
INTERRUPTED: Final = 130
_SENTENCE_CELLS: Final = 2_000
_DEEP: Final = 20_000


class ReadCommand(click.Command):
    """A command that only reads: nothing in a log, and no path, makes it print a traceback.

    `examples` are commands that stand at the end of its help; the tests run each of them.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **given: Any) -> None:
        super().__init__(*args, **given)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"  {example}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; turns what may go wrong into a sentence and an exit code."""
        # JSON in a log may nest deeper than Python's default limit lets its encoder go.
        sys.setrecursionlimit(_DEEP)
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except LogError as error:
            complain(str(error))
            ctx.exit(NO if isinstance(error, NotFound) else USAGE)
        except BrokenPipeError:
            # Whoever read our output has had enough; what is still buffered must not fail again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except OSError as error:
            complain(f"cannot read {error.filename or 'the log'}: {error.strerror or error}")
            ctx.exit(USAGE)
        return result


def complain(sentence: str) -> None:
    """One line on standard error, in which nothing from a log or a path can steer the terminal."""
    over()
    click.echo(f"steplog: {one_line(sentence, _SENTENCE_CELLS)}", err=True)


def warn_about(log: Log) -> None:
    """Says on standard error what was noticed of the log: what it lacks, what cannot be read of it."""
    for sentence in warnings(log):
        complain(sentence)


_NAMED: Final = 5


def warnings(log: Log) -> list[str]:
    """What somebody who trusts what was read of this log should know of it, in sentences."""
    noticed = log.noticed
    found = list(noticed.notices)
    damaged = [bad for bad in noticed.bad if not bad.torn]
    found.extend(f"unreadable: {bad}" for bad in damaged[:_NAMED])
    if len(damaged) > _NAMED:
        found.append(f"unreadable: {len(damaged) - _NAMED} more lines")
    found.extend(f"unreadable: {bad}" for bad in log.bad_notes)
    found.extend(
        f"unfinished last line in {bad.file}" + (f", line {bad.number}" if bad.number else "")
        for bad in noticed.bad
        if bad.torn
    )
    found.extend(
        f"missing: writer {gap.writer} wrote lines {gap.first} to {gap.last}, the log does not have them"
        for gap in noticed.gaps[:_NAMED]
    )
    if len(noticed.gaps) > _NAMED:
        found.append(f"missing: {len(noticed.gaps) - _NAMED} more gaps")
    found.extend(
        f"lost: {lost.get('count', 'some')} lines ({lost.get('reason', 'no reason given')})"
        for lost in noticed.lost
    )
    if noticed.faults:
        last = noticed.faults[-1]
        error = last.get("error")
        what = f"{error.get('type')}: {error.get('message')}" if isinstance(error, dict) else error
        found.append(
            f"steplog itself failed {len(noticed.faults)} times while writing, last in {last.get('where')}: {what}"
        )
    return found


@contextmanager
def log_at(path: str | None) -> Generator[Log]:
    """The log at `path`, which `-` makes standard input."""
    from steplog._read.files.segments import local_path  # noqa: PLC0415 -- `steplog --help` and completion need no reader
    from steplog._read.log import read  # noqa: PLC0415 -- as the line before

    if path == "-":
        yield read(path)
        return
    with progress(Path(path) if path is not None and is_url(path) else local_path(path)):
        yield read(path)
