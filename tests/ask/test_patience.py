"""A question that needs more memory than it began with is asked again with more, once, and only where that is allowed."""

import pytest

duckdb = pytest.importorskip("duckdb")

from steplog._ask.tables.patience import interruptible  # noqa: E402 -- after the module that may be missing

LARGE = "CREATE TABLE large AS SELECT hash(range)::VARCHAR AS text FROM range(3000000)"


def connection():
    return duckdb.connect(":memory:", config={"memory_limit": "20MB", "threads": 1, "temp_directory": ""})


def test_what_has_too_little_memory_is_asked_again_with_more():
    with interruptible(connection(), more_memory="1GB") as con:
        con.execute(LARGE)
        assert con.execute("SELECT count(*) FROM large").fetchall() == [(3_000_000,)]


def test_not_where_the_limit_was_given_and_not_behind_the_lock():
    with interruptible(connection()) as con, pytest.raises(duckdb.OutOfMemoryException):
        con.execute(LARGE)
    with interruptible(connection(), more_memory="1GB") as con:
        con.execute("SET lock_configuration = true")
        with pytest.raises(duckdb.OutOfMemoryException):
            con.execute(LARGE)
