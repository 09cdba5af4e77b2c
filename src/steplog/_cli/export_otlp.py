"""`steplog export otlp`: runs to a backend once, or one after the other as they end."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli.command import NO, complain
from steplog._cli.export_files import opened
from steplog._cli.progress import over
from steplog._format.shipped import is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime

    from steplog._cli.export_files import Content
    from steplog._read.runs.run import Run

_INSTALL: Final = "pip install 'steplog[otlp]'"
_MOST_NAMED: Final = 5


def send(runs: list[Run], out: str | None, content: Content, *, unfinished: bool) -> None:
    """The runs to the backend, or as OTLP's JSON lines to a file."""
    otlp = _otlp()
    try:
        if out is None:
            with _counted(len(runs)) as each:
                done = otlp.send(runs, unfinished=unfinished, content=content, each=each)
        else:
            with opened(out) as file:
                done = otlp.write(runs, file, unfinished=unfinished, content=content)
    except otlp.NotDelivered as error:
        complain(str(error))
        click.get_current_context().exit(NO)
    _tell(done)


def follow(path: str | None, since: datetime | None, content: Content, *, unfinished: bool) -> None:
    """Each run to the backend when it ends, until somebody ends this; then those that have no end yet are named."""
    if is_url(path):
        raise click.UsageError("a store is not followed: segments come there when they are closed")
    otlp = _otlp()
    from steplog._export.otlp_follow import follow as following  # noqa: PLC0415 -- its packages are an extra

    stop = threading.Event()

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        stop.set()  # what is being sent is sent; told again, it ends at once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    is_down = False
    for found in following(path, stop=stop, since=since, unfinished=unfinished, content=content):
        if not isinstance(found, otlp.NotDelivered):
            is_down = False
            _tell(found)
        elif not is_down:
            is_down = True
            complain(f"{found}. It is tried again until it does")


def _otlp() -> Any:
    try:
        from steplog._export import otlp  # noqa: PLC0415 -- its packages are an extra
    except ImportError as error:
        raise click.UsageError(f"{error.name} is not installed: {_INSTALL}") from None
    return otlp


def _tell(done: Any) -> None:
    if done.runs or not done.skipped:
        complain(f"{done.runs} runs, {done.spans} spans delivered")
    if done.skipped:
        named = ", ".join(done.skipped[:_MOST_NAMED])
        complain(f"{len(done.skipped)} runs were left out, since they may still get an end: {named}")
    for sentence in done.untold.sentences():
        complain(sentence)


@contextmanager
def _counted(total: int) -> Generator[Callable[[Run], None] | None]:
    """What says how far it has come, where a person looks at standard error."""
    if not sys.stderr.isatty():
        yield None
        return
    done = 0

    def count(_: Run) -> None:
        nonlocal done
        done += 1
        over()
        sys.stderr.write(f"\r\x1b[Ksteplog: {done} of {total} runs sent")
        sys.stderr.flush()

    try:
        yield count
    finally:
        if done:
            sys.stderr.write("\n")
