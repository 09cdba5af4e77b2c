"""A file's bytes in pieces: whole lines, all of them, whatever their length, from any place in a file."""

import random

import pytest

from steplog._format.zstd import open_segment
from steplog._read import BadLine
from steplog._read.files import lines as lines_module
from steplog._read.files import pieces as pieces_module
from steplog._read.files.pieces import pieces


def taken(file, *places):
    with open_segment(file) as stream:
        return list(pieces(stream, file, *places))


@pytest.mark.parametrize("at_once", [1, 7, 64, 1000])
def test_pieces_are_whole_lines_and_together_the_file(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(pieces_module, "AT_ONCE", at_once)
    chance = random.Random(3)
    lines = [b"x" * chance.randrange(90) + b"\n" for _ in range(60)]
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(lines) + b"unfinished")
    found = taken(file)
    assert b"".join(piece.data for piece in found) == file.read_bytes()
    assert all(piece.data.endswith(b"\n") for piece in found[:-1])
    assert [piece.offset for piece in found] == [
        sum(len(p.data) for p in found[:at]) for at in range(len(found))
    ]


def test_a_line_belongs_to_the_part_in_which_it_begins(tmp_path):
    chance = random.Random(5)
    lines = [b"x" * chance.randrange(90) + b"\n" for _ in range(60)]
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(lines))
    size = file.stat().st_size
    for part in (1, 10, 37, 64, 500):
        found = [
            piece for start in range(0, size, part) for piece in taken(file, start, min(start + part, size))
        ]
        assert b"".join(piece.data for piece in found) == file.read_bytes()


def test_a_line_too_long_to_be_one_is_named_and_the_next_is_read(tmp_path, monkeypatch):
    for module in (lines_module, pieces_module):
        monkeypatch.setattr(module, "MAX_LINE", 1000)
    monkeypatch.setattr(pieces_module, "AT_ONCE", 64)
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"first\n" + b"y" * 5000 + b"\nlast\n")
    found = taken(file)
    assert [(p.offset, p.data[:5], bool(p.problem)) for p in found] == [
        (0, b"first", False), (6, b"yyyyy", True), (5007, b"last\n", False),
    ]  # fmt: skip


def test_behind_a_damaged_frame_it_goes_on_with_the_next(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    texts = [b"".join(b"%d %d\n" % (frame, n) for n in range(2000)) for frame in range(4)]
    packed = [zstd.compress(text, options={zstd.CompressionParameter.checksum_flag: 1}) for text in texts]
    damaged = bytearray(packed[1])
    damaged[len(damaged) // 2] ^= 255
    file = tmp_path / "20261123T031259000000Z-1-aaaaaaaa.jsonl.zst"
    file.write_bytes(packed[0] + bytes(damaged) + packed[2] + packed[3])
    found = taken(file)
    text = b"".join(piece.data for piece in found if not piece.problem)
    assert [piece.problem.startswith("cannot be read further") for piece in found].count(True) == 1
    assert text.startswith(texts[0])
    assert text.endswith(texts[2].partition(b"\n")[2] + texts[3])


def test_a_line_that_is_being_written_at_this_moment_is_waited_for(tmp_path):
    import threading
    import time

    file = tmp_path / "a.jsonl"
    file.write_bytes(b"first\nsec")

    def go_on():
        with file.open("ab") as stream:
            stream.write(b"ond\n")

    # Whether the other thread is quick enough is chance; in a hundred tries it is.
    for _ in range(100):
        file.write_bytes(b"first\nsec")
        writer = threading.Thread(target=go_on)
        writer.start()
        text = b"".join(piece.data for piece in taken(file))
        writer.join()
        if text == b"first\nsecond\n":
            break
        time.sleep(0)
    assert text == b"first\nsecond\n"
    assert not isinstance(text, BadLine)
