"""`steplog ship`: closed segments to a store."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final

import click

from steplog._cli.command import NO, USAGE, ReadCommand, complain
from steplog._cli.options import takes_log
from steplog._cli.output import say
from steplog._cli.sizes import size_text
from steplog._read.files.segments import local_path
from steplog._show.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._fleet.ship import Outcome

_CELLS: Final = 200


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog ship shipped",
        "steplog ship shipped --path steplogs",
        'steplog ship "file://$PWD/shipped" steplogs',
    ),
)
@click.argument("destination", metavar="DEST")
@click.option("--watch", is_flag=True, help="Go on, until SIGTERM or Ctrl-C; then look once more, and end.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how often.",
)
@takes_log
def ship(*, destination: str, path: str | None, watch: bool, every: float) -> None:
    """Bring the closed segments of the log directory at PATH to a store, and name them in `.shipped`.

    DEST is a folder, or a URL that fsspec knows: s3://bucket/logs, gs://, az://, file://. There they lie as
    dt=2026-11-23/host=H/SEGMENT.jsonl.zst, and every command reads them: `steplog ls s3://bucket/logs`. Each is read back
    and compared before it counts as shipped; from then on `prune` and the settings may delete it here, and no other.
    A segment that may still be written to stays. Needs the extra `fleet`: pip install 'steplog[fleet]'. Exit code 1 if
    the store refuses.
    """
    from steplog._format.store import StoreError  # noqa: PLC0415 -- `steplog --help` and completion need none

    stop = threading.Event()
    if watch:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    told = ""
    while True:
        is_last = stop.is_set() or not watch
        try:
            if not watch or local_path(path).exists():  # a program beside us may not have begun yet
                _look(path, destination, is_told=is_last)
            told = ""
        except StoreError as error:
            if str(error) != told:  # while it goes on failing the same way, once is enough
                complain(str(error))
            told = str(error)
            if is_last:
                click.get_current_context().exit(NO)
        except ImportError as error:
            complain(str(error))
            click.get_current_context().exit(USAGE)
        if is_last:
            return
        stop.wait(every)


def _look(path: str | None, destination: str, *, is_told: bool) -> None:
    """Ships what can be shipped now; sums up if `is_told`."""
    from steplog._fleet.ship import ship as shipping  # noqa: PLC0415 -- as in `ship`

    done, staying = _told(shipping(path, destination))
    if is_told:
        say(
            f"{len(done)} segments shipped, {size_text(sum(each.size for each in done))}; {len(staying)} stay"
        )
        for each in staying:
            say(f"stays   {one_line(each.segment, _CELLS)}  ({one_line(each.why, _CELLS)})")


def _told(outcomes: Iterable[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    done: list[Outcome] = []
    staying: list[Outcome] = []
    for each in outcomes:
        if each.why:
            staying.append(each)
            continue
        done.append(each)
        was_there = ", was there" if each.was_there else ""
        say(f"shipped {one_line(each.key, _CELLS)}  {size_text(each.size)}{was_there}")
    return done, staying
