"""A question in SQL that may be asked: one SELECT, and which of the views it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.tables.views import VIEWS
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from steplog._ask.tables.loading import Connection

_WORD: Final = re.compile(r"\w+")
_ALLOWED: Final = ("SELECT", "EXPLAIN")


class SqlError(LogError, ValueError):
    """A question in SQL cannot be asked or answered; the text says what DuckDB says."""


def checked(con: Connection, question: str) -> str:
    """The question, if it is a single SELECT (or EXPLAIN of one).

    Raises: SqlError.
    """
    from duckdb import Error  # noqa: PLC0415 - the extra, which is there if there is a connection

    try:
        statements: list[Any] = con.extract_statements(question)
    except Error as error:
        raise SqlError(sentence(error)) from None
    if len(statements) != 1 or statements[0].type.name not in _ALLOWED:
        raise SqlError("only one SELECT can be asked: a log is not changed, and nothing else is read")
    return question


def views_in(question: str) -> set[str]:
    """The views whose names stand in the question, and those that they are made of."""
    return {word for word in map(str.lower, _WORD.findall(question)) if word in VIEWS}


def sentence(error: Exception) -> str:
    """What DuckDB says, on one line and without its pointer into the text."""
    return " ".join(str(error).split("\n\nLINE ")[0].split())
