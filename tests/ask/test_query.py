"""One line of words and a query are the same thing, and what cannot be understood is said with the way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steplog._ask.query import WORDS, Query, QueryError, parse

VALUE = st.text(min_size=1, max_size=12)
CHOICE = st.lists(VALUE, min_size=1, max_size=3).map(tuple)
SEVERAL = st.lists(CHOICE, max_size=2).map(tuple)
ONE = st.lists(CHOICE, max_size=1).map(tuple)


@given(
    st.builds(
        Query,
        status=ONE,
        name=ONE,
        thread=ONE,
        model=SEVERAL,
        tool=SEVERAL,
        tag=SEVERAL,
        error=SEVERAL,
        finish=SEVERAL,
        text=SEVERAL,
        meta=st.lists(VALUE.map(lambda value: (f"key={value}",)), max_size=2).map(tuple),
        tool_failed=st.booleans(),
        min_ms=st.none() | st.floats(0, 1e15),
        min_tokens=st.none() | st.integers(0, 10**12),
        min_cost=st.none() | st.floats(0, 1e6),
        since=st.sampled_from(["", "2h", "2026-11-23"]),
        without=st.lists(
            st.tuples(st.sampled_from(["status", "tool", "text", "error"]), CHOICE), max_size=2
        ).map(tuple),
    )
)
def test_the_text_of_a_query_is_read_back_as_the_same_query(query):
    assert parse(str(query)) == query


def test_the_line_of_the_page_is_understood():
    query = parse('status:error tool:search model:gpt min-ms:2000 thread:t7 since:2h "exact phrase"')
    assert query == Query(
        status=(("error",),),
        tool=(("search",),),
        model=(("gpt",),),
        thread=(("t7",),),
        min_ms=2000,
        since="2h",
        text=(("exact phrase",),),
    )
    assert query.as_json()["text"] == [["exact phrase"]]


def test_commas_are_a_choice_and_a_second_word_for_what_a_run_has_once_is_one_too():
    assert parse("status:error,crashed status:running").status == (("error", "crashed", "running"),)
    assert parse("tool:a,b tool:c").tool == (("a", "b"), ("c",))


def test_a_bare_word_is_a_text_commas_and_all():
    assert parse("42,5 hits").text == (("42,5",), ("hits",))
    assert parse('name:"a, b",c').name == (("a, b", "c"),)


def test_a_minus_leaves_out():
    query = parse('-status:ok,error tool:search -"quota exceeded" -min-ms:100 -5')
    assert query.without == (("status", ("ok", "error")), ("text", ("quota exceeded",)), ("min-ms", ("100",)))
    assert (query.tool, query.text) == ((("search",),), (("-5",),))
    assert query.as_json()["without"][0] == ["status", ["ok", "error"]]
    assert parse("-since:2h")


def test_an_empty_line_asks_for_everything():
    assert not parse("  ")
    assert parse("status:ok")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("statu:error", "did you mean 'status'"),
        ("http://x", "in double quotes it is a text"),
        ("min-ms:soon", "'soon' is no number"),
        ("min-cost:nan", "is no number"),
        ("min-tokens:1,2", "is no number"),
        ("since:soon", "'soon' is no time"),
        ("meta:user", "write meta:KEY=VALUE"),
        ("tool-failed:maybe", "write tool-failed:yes"),
        ("status:", "no value where"),
        ("-statu:ok", "did you mean 'status'"),
        ("-meta:user", "write meta:KEY=VALUE"),
        ("status:a,", "no value where"),
        ('"open', "no value where"),
    ],
)
def test_what_cannot_be_understood_is_said_with_the_way_out(line, sentence):
    with pytest.raises(QueryError, match=sentence):
        parse(line)


def test_every_word_is_one_of_the_options_of_ls():
    from steplog._cli.ls import ls

    options = {option for parameter in ls.params for option in parameter.opts}
    assert {f"--{word}" for word in WORDS} <= options
