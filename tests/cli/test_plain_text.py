"""Logged text can be looked at without danger."""

import sys
import unicodedata

import pytest

from steplog._show.terminal_text import as_json, cells_of, one_line, visible

DANGEROUS = [
    *range(0x20),
    *range(0x7F, 0xA0),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0x2028,
    0x2029,
    0xD800,
]


def test_no_control_character_survives():
    for code in DANGEROUS:
        for text in (visible(chr(code)), one_line(f"a{chr(code)}b", 80), as_json(chr(code))):
            assert chr(code) not in text
    assert visible("a\x1b[31m\u202e\ud800\n") == "a\\x1b[31m\\u202e\\ud800\\x0a"
    assert visible("a\n\tb\r", keep_breaks=True) == "a\n\tb\\x0d"


def test_every_other_printable_character_stays():
    text = "".join(
        chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code))[0] in "LNPS"
    )
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("a \n\t b", 80, "a b"),
        ("ab\x1b[0m", 5, "ab…"),
        ("ab\x1b", 6, "ab\\x1b"),
        ("日本語", 5, "日本…"),
        ("日本語", 6, "日本語"),
        ("x" * 1_000_000, 3, "xx…"),
        (" " * 1_000 + "x", 10, "…"),
        ("", 5, ""),
        ("abc", 0, ""),
    ],
)
def test_a_text_is_fitted_to_a_line_and_no_escape_is_cut(text, cells, shown):
    assert one_line(text, cells) == shown
    assert cells_of(one_line(text, cells)) <= cells
