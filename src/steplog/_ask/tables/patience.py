"""A connection to DuckDB whose questions Ctrl-C ends at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence


class Interruptible:
    """A DuckDB connection that works in a thread of its own.

    Called in the main thread, DuckDB does not let Python see a signal for as long as one of its tasks takes, which may be
    for ever.
    """

    def __init__(self, connection: Any, worker: ThreadPoolExecutor) -> None:
        """All of the connection's work is done by `worker`."""
        self._connection = connection
        self._worker = worker

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """As DuckDB's."""
        return self.patiently(lambda: self._connection.execute(sql, list(values)))

    def patiently(self, work: Callable[[], Any]) -> Any:
        """What `work` with the connection gives; an exception in this thread ends it."""
        future = self._worker.submit(work)
        try:
            return future.result()
        finally:
            if not future.done():
                self._connection.interrupt()

    def __getattr__(self, name: str) -> Any:
        """All else that a connection has."""
        return getattr(self._connection, name)


@contextmanager
def interruptible(connection: Any) -> Generator[Interruptible]:
    """The connection, which is closed at the end, when nothing works with it any more."""
    with connection, ThreadPoolExecutor(1, "steplog-sql") as worker:
        yield Interruptible(connection, worker)
