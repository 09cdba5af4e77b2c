"""All runs of a log as a sequence, oldest first, of which no more is found than somebody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, overload
from weakref import ref

from steplog._read.runs.run import Run
from steplog._read.runs.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steplog._read.files.catalogue import Catalogue
    from steplog._read.files.digest import RunLines
    from steplog._read.files.spans import Shelf


class Runs(Sequence[Run]):
    """The runs of a log, oldest first, as a tuple of them would be used.

    Negative places and slices from the end, such as `runs[-1]` and `runs[-20:]`, read only the ends of the log's files.
    Nothing that is read of a run is kept here: it goes with the run.
    """

    def __init__(self, catalogue: Catalogue, shelf: Shelf) -> None:
        """Nothing is read yet."""
        self._catalogue = catalogue
        self._shelf = shelf

    def newest(self) -> Iterator[Run]:
        """The runs, newest first, found as they are taken."""
        with self._shelf.kept_open():
            for lines in self._catalogue.newest():
                yield self.run_of(lines)

    def run_of(self, lines: RunLines) -> Run:
        """The run with these lines: the same one for as long as somebody holds it."""
        run = lines.run() if lines.run is not None else None
        if run is None:
            run = Run(Source(lines, self._catalogue, self._shelf))
            lines.run = ref(run)
        return run

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self._catalogue.all())

    def __bool__(self) -> bool:
        """Whether there are any."""
        return next(self._catalogue.newest(), None) is not None

    def __iter__(self) -> Iterator[Run]:
        """The runs, oldest first."""
        with self._shelf.kept_open():
            for lines in self._catalogue.all():
                yield self.run_of(lines)

    def __reversed__(self) -> Iterator[Run]:
        """The runs, newest first."""
        return self.newest()

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Run, ...]: ...
    def __getitem__(self, index: int | slice) -> Run | tuple[Run, ...]:
        """The run at a place, or those of a slice; raises `IndexError`."""
        if isinstance(index, slice):
            return tuple(map(self.run_of, self._lines_of(index)))
        if index >= 0:
            return self.run_of(self._catalogue.all()[index])
        lines = next(islice(self._catalogue.newest(), -index - 1, None), None)
        if lines is None:
            raise IndexError("there is no such run")
        return self.run_of(lines)

    def _lines_of(self, index: slice) -> Iterable[RunLines]:
        start, stop, step = index.start, index.stop, index.step
        if start is None or start >= 0 or (stop is not None and stop >= 0) or (step is not None and step < 0):
            return self._catalogue.all()[index]
        newest = list(islice(self._catalogue.newest(), -start))[::-1]
        return newest[: len(newest) if stop is None else max(0, len(newest) + stop) : step]

    def __eq__(self, other: object) -> bool:
        """Whether these are the runs of another sequence."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # pyright: ignore[reportAssignmentType] -- it is as mutable as the log it is read from

    def __repr__(self) -> str:
        """How many, where that is known."""
        return f"<Runs of {self._catalogue}>"
