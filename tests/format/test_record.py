"""The tables that the writer goes by say the same as the schema."""

from steplog._format.record import (
    DOCUMENT_FIELDS,
    END_FIELDS,
    ENVELOPE,
    ERROR_FIELDS,
    MESSAGE_FIELDS,
    OWN_FIELDS,
    POINT_FIELDS,
    SHAPES,
    START_FIELDS,
    STATUSES,
    STEPS,
    Totals,
    fields_of,
    told_fields,
)
from steplog._format.schema import _DEFS, _FIELDS

LINES = [
    (kind, what)
    for what, table in (("start", START_FIELDS), ("end", END_FIELDS), ("point", POINT_FIELDS))
    for kind in table
]


def test_whatever_may_be_told_has_a_shape_and_nothing_else_has():
    told = {name for line in LINES for name in told_fields(*line)}
    assert told == set(SHAPES)
    assert not told & (OWN_FIELDS | set(ENVELOPE))


def test_a_line_has_what_may_be_told_and_what_the_recorder_finds_out():
    for kind, what in LINES:
        rest = set(fields_of(kind, what)) - set(told_fields(kind, what))
        assert rest <= OWN_FIELDS | ({"id"} if kind == "run" else set())
        assert "extra" in told_fields(kind, what)


def test_errors_documents_messages_and_totals_have_the_fields_of_the_schema():
    assert set(_DEFS["error"]["properties"]) == set(ERROR_FIELDS)
    assert set(_DEFS["message"]["properties"]) == {"m", "like", *MESSAGE_FIELDS}
    assert set(_FIELDS["documents"]["anyOf"][0]["items"]["properties"]) == set(DOCUMENT_FIELDS)
    assert set(_DEFS["totals"]["properties"]) - {"total_tokens"} == set(Totals.__annotations__)


def test_the_words_for_a_status_and_the_kinds_of_steps_are_those_of_the_schema():
    assert {"ok", *_FIELDS["status"]["enum"]} == STATUSES
    assert STEPS | {"run"} == set(START_FIELDS) == set(END_FIELDS)
