"""Following a log: every line once, whole, in whatever files it comes."""

import os
from itertools import islice
from threading import Event

from sample_log import SEGMENT, Lines, weather
from steplog._read import BadLine, Line, follow

POLL = 0.005


def seqs(lines):
    return [line.record["seq"] if isinstance(line, Line) else "bad" for line in lines]


def rows():
    return weather().bytes().splitlines(keepends=True)


def test_the_last_lines_come_first_then_new_ones_as_they_are_written(tmp_path):
    file = tmp_path / SEGMENT
    file.write_bytes(b"".join(rows()[:5]))
    lines = follow(tmp_path, last=2, poll=POLL)
    assert seqs(islice(lines, 2)) == [4, 5]
    with file.open("ab") as log:
        log.write(rows()[5])
    assert seqs(islice(lines, 1)) == [6]


def test_a_partial_record_is_never_given(tmp_path):
    file = tmp_path / "a.jsonl"
    stop = Event()
    lines = follow(file, last=None, poll=POLL, stop=stop)
    data = b"".join(rows()[:2])
    file.write_bytes(data[:-10])
    assert seqs(islice(lines, 1)) == [1]
    with file.open("ab") as log:
        log.write(data[-10:])
    assert seqs(islice(lines, 1)) == [2]
    stop.set()
    assert list(lines) == []


def test_new_segments_are_followed_too(tmp_path):
    folder = tmp_path / "logs"
    lines = follow(folder, poll=POLL, last=None)
    folder.mkdir()
    (folder / SEGMENT).write_bytes(rows()[0])
    assert seqs(islice(lines, 1)) == [1]
    Lines("bbbbbbbb").opened().write(folder / "20261123T041259000000Z-4712-bbbbbbbb.jsonl")
    assert next(lines).record["w"] == "bbbbbbbb"


def test_a_truncated_and_a_replaced_file_are_read_from_the_beginning(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(rows()[:3]))
    lines = follow(file, last=None, poll=POLL)
    assert seqs(islice(lines, 3)) == [1, 2, 3]
    os.truncate(file, 0)
    with file.open("ab") as log:
        log.write(rows()[3])
    assert seqs(islice(lines, 1)) == [4]
    (tmp_path / "new").write_bytes(b"".join(rows()[4:9]))
    (tmp_path / "new").replace(file)
    assert seqs(islice(lines, 5)) == [5, 6, 7, 8, 9]
    file.write_bytes(b"".join(rows()[1:9]))
    assert seqs(islice(lines, 8)) == [2, 3, 4, 5, 6, 7, 8, 9]


def test_damage_is_named_once_and_following_goes_on(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(rows()[0] + b"garbage\n" + rows()[1])
    lines = follow(file, last=None, poll=POLL)
    found = list(islice(lines, 3))
    assert seqs(found) == [1, "bad", 2]
    assert isinstance(found[1], BadLine)


def test_stopping_gives_what_was_written_before(tmp_path):
    stop = Event()
    file = tmp_path / "a.jsonl"
    file.write_bytes(rows()[0])
    lines = follow(file, last=None, poll=POLL, stop=stop)
    assert seqs(islice(lines, 1)) == [1]
    with file.open("ab") as log:
        log.write(rows()[1])
    stop.set()
    assert seqs(lines) == [2]
