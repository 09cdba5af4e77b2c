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

    def __init__(self, connection: Any, worker: ThreadPoolExecutor, more_memory: str) -> None:
        """All of the connection's work is done by `worker`; `more_memory` is what it may take where it must."""
        self._connection = connection
        self._worker = worker
        self._more_memory = more_memory

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """As DuckDB's; what it has too little memory for it is asked again with more, until its settings are locked."""
        from duckdb import OutOfMemoryException  # noqa: PLC0415 - the extra, which is there if there is a connection

        try:
            return self.patiently(lambda: self._connection.execute(sql, list(values)))
        except OutOfMemoryException:
            if not self._more_memory or self._is_locked():
                raise
        more, self._more_memory = self._more_memory, ""
        self.patiently(lambda: self._connection.execute(f"SET memory_limit = '{more}'"))
        return self.patiently(lambda: self._connection.execute(sql, list(values)))

    def _is_locked(self) -> bool:
        found = self._connection.execute("SELECT current_setting('lock_configuration')").fetchone()
        return bool(found[0])

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
def interruptible(connection: Any, *, more_memory: str = "") -> Generator[Interruptible]:
    """The connection, which is closed at the end, when nothing works with it any more."""
    with connection, ThreadPoolExecutor(1, "steplog-sql") as worker:
        yield Interruptible(connection, worker, more_memory)
