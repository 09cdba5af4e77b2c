"""What is looked for in the bytes stands in every line that has the pattern, and in few others."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steplog._ask.patterns import Pattern
from steplog._ask.scan import every

TEXTS = (
    "quota exceeded for tenant 4711", "Kelvin, 12 K", "QUOTA", "a/b\\\\c", 'he said "no"', "x\ny", "max_tokens", "aab", "naïve",
    "length", "ſtop", "colour color", "42",
)  # fmt: skip
EXPRESSIONS = (
    "quota", "quota.*tenant", "length|max_tokens", "(?:quota|Kelvin).", "colou?r", "(?i)kelvin", "(?i:q)uota", "a+b", "(a){0,3}b",
   "[0-9]+", "^$|x", "no(?=.)", "(?P<n>aa?)b", "a/b", "x\\s+y", "(?!no)quota", "(?>max)_", "stop", "\\bK", "na.ve", "ï", "(quota) exceeded|4\\d",
)  # fmt: skip


@pytest.mark.parametrize("ignore_case", [False, True])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_line_that_matches_is_looked_at(expression, ignore_case):
    pattern = Pattern(expression, is_expression=True, ignore_case=ignore_case)
    for text in TEXTS:
        if any(pattern.places(text)):
            assert pattern.needle(orjson.dumps({"text": text}), 0) >= 0, text


@given(
    st.text("abkK\u212a|", min_size=1, max_size=5),
    st.text("abkK\u212aA", max_size=12),
    st.booleans(),
    st.booleans(),
)
def test_every_line_that_has_any_small_pattern_is_looked_at(source, text, is_expression, ignore_case):
    pattern = Pattern(source, is_expression, ignore_case)
    if any(pattern.places(text)):
        assert pattern.needle(orjson.dumps(text), 0) >= 0


@pytest.mark.parametrize(
    ("expression", "looked_at"),
    [
        ("quota ex.*", ["quota exceeded for tenant 4711"]),
        ("length|max_tokens", ["max_tokens", "length"]),
        ("(?:len|max).+(?:h|s)", ["max_tokens", "length"]),
        (r"\d+ K", ["Kelvin, 12 K"]),
    ],
)
def test_other_lines_are_not(expression, looked_at):
    needle = Pattern(expression, is_expression=True).needle
    assert [text for text in TEXTS if needle(text.encode(), 0) >= 0] == looked_at


@pytest.mark.parametrize("expression", [r"\d+", "a*", "(?:a|)b?", "[ab]c?"])
def test_where_nothing_is_known_every_line_is(expression):
    assert Pattern(expression, is_expression=True).needle is every


def test_what_stands_next_is_found_wherever_one_begins():
    needle = Pattern("ab|cd", is_expression=True).needle
    block = b"..cd..ab..cd"
    assert [needle(block, start) for start in (0, 3, 7, 11)] == [2, 6, 10, -1]
    assert needle(b"ab", 0) == 0
