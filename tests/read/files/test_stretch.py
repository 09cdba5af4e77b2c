"""A glance at lines finds in them what judging each finds, or leaves them to be judged."""

import random
from pathlib import Path

import orjson
import pytest

from steplog._read.files.stretch import _judged, look

FILE = Path("a.jsonl")
LINE = b'{"seq":%d,"ts":"2026-11-23T03:12:59.%06dZ","run":"8f3a1c2b4d5e6f70","step":1,"ev":"tool.start","name":"t"}\n'
GOOD = b"".join(LINE % (n, n) for n in range(1, 6))
HEAD = b'{"seq":6,"ts":"2026-11-23T03:12:59.000006Z",'


def columns(stretch):
    rows = range(len(stretch.seqs))
    return (
        list(stretch.seqs), list(stretch.writers), list(stretch.runs), list(stretch.numbers), list(stretch.texts),
        [(stretch.start(row), stretch.time_of(row)) for row in rows], stretch.own, stretch.physical,
    )  # fmt: skip


def is_glanced(stretch):
    """Whether the lines were told by how they begin: then they were not parsed."""
    return bool(stretch.seqs) and not stretch.records


def test_good_lines_are_not_parsed_and_told_as_if_they_were():
    found = look(GOOD, FILE, 1000, 7, every=False)
    assert is_glanced(found)
    assert columns(found) == columns(_judged(GOOD, FILE, 1000, 7))
    assert (found.numbers[0], found.start(1), found.end(0)) == (7, 1000 + len(LINE % (1, 1)), found.start(1))


ODD = [
    b"garbage\n",
    b"\0" * 20 + b"\n",
    GOOD[:40] + b"\n",
    GOOD[: len(GOOD) // 5 - 3] + b"\n",
    b'{"seq":6,"ts":"2026-11-23T03:12:59.000006Z","ev":"tool.start","step":1}\n',
    b'{"seq":6,"ts":"2026-11-23T03:12:59.000006Z","step":1,"ev":"tool.start"}\n',
    b'{"seq": 6, "ts": "2026-11-23T03:12:59.000006Z", "run": "8f3a1c2b4d5e6f70", "ev": "run.end"}\n',
    b'{"seq":6,"ts":"2026-11-23T03:12:59Z","run":"8f3a1c2b4d5e6f70","ev":"run.end"}\n',
    HEAD + b'"run":"r1","step":1,"ev":"tool.end"}\n',
    HEAD + b'"run":"r1","step":1,"ev":"x","a":"12345"}\n',
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end","output":"\n',
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end","output":}\n',
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end","ev":"run.start"}\n',
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end","ev":5}\n',
    HEAD + b'"w":"a\\"b\\"cdef","run":"8f3a1c2b4d5e6f70","ev":"run.end"}\n',
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end"}\r\n',
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end"}' + LINE % (7, 7),
    HEAD + b'"run":"8f3a1c2b4d5e6f70","ev":"run.end"}',
    b'{"ev":"run.end","run":"x"}\n',
    b"{}\n",
    b"\xef\xbb\xbf" + LINE % (6, 6),
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("every", [False, True])
def test_what_is_odd_is_judged_with_its_neighbours(odd, every):
    data = GOOD + odd
    found = look(data, FILE, 0, 1, every=every)
    assert not is_glanced(found)
    assert columns(found) == columns(_judged(data, FILE, 0, 1))
    assert found.bad == _judged(data, FILE, 0, 1).bad


def test_a_line_that_is_broken_inside_is_only_seen_when_every_line_is_parsed():
    data = GOOD + (LINE % (6, 6)).replace(b'"name"', b'"name')
    assert look(data, FILE, 0, 1, every=False).bad == []
    assert len(look(data, FILE, 0, 1, every=True).bad) == 1


def test_lines_that_name_their_writer_and_blank_lines_between_them_need_no_judging():
    data = b"".join(b"\n" + (LINE % (n, n)).replace(b',"run"', b',"w":"abcdefgh","run"') for n in range(1, 6))
    found = look(data, FILE, 0, 1, every=False)
    assert is_glanced(found)
    assert columns(found) == columns(_judged(data, FILE, 0, 1))
    assert set(found.writers) == {"abcdefgh"}
    assert list(found.numbers) == [2, 4, 6, 8, 10]


def test_what_stands_in_a_text_is_never_taken_for_a_lines_beginning():
    text = orjson.dumps({"x": (LINE % (9, 9)).decode(), "ev": "run.end"})
    data = GOOD + HEAD + b'"run":"8f3a1c2b4d5e6f70","step":2,"ev":"tool.end","result":' + text + b"}\n"
    found = look(data, FILE, 0, 1, every=False)
    assert is_glanced(found)
    assert (found.own, list(found.seqs)) == ([], [1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize("seed", range(300))
def test_whatever_the_bytes_a_glance_and_a_judgement_agree_but_on_what_is_broken_inside(seed):
    chance = random.Random(seed)
    data = bytearray(GOOD + chance.choice(ODD) + GOOD)
    for _ in range(chance.randrange(3)):
        at = chance.randrange(len(data))
        data[at : at + chance.randrange(1, 40)] = chance.choice([b"", b"\0", b"\n", b'"', b"x", data[:50]])
    found, judged = look(bytes(data), FILE, 0, 1, every=False), _judged(bytes(data), FILE, 0, 1)
    if columns(found) != columns(judged):
        assert look(bytes(data), FILE, 0, 1, every=True).bad == judged.bad != []
