"""A compressed file that ends in the middle is told from a whole one by its headers alone."""

import random

import pytest

from steplog._ask.tables.odd_files import is_cut, torn_end

zstd = pytest.importorskip("backports.zstd")


@pytest.fixture(scope="module")
def frames():
    """Frames of all kinds: with and without their size, a checksum, repeated bytes, nothing in them."""
    chance = random.Random(1)
    noise = [chance.randbytes(size) for size in (3, 300, 70_000, 400_000)]
    options = {zstd.CompressionParameter.checksum_flag: 1}
    return [
        *(zstd.compress(each) for each in noise),
        zstd.compress(b"a" * 500_000),
        zstd.compress(noise[2], options=options),
        zstd.compress(b""),
        b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip",
    ]


def test_a_file_is_whole_only_where_a_frame_ends(tmp_path, frames):
    file = tmp_path / "a.jsonl.zst"
    whole = b"".join(frames)
    ends, at = {0}, 0
    for frame in frames:
        at += len(frame)
        ends.add(at)
    chance = random.Random(2)
    places = {
        *range(60),
        *chance.sample(range(len(whole)), 300),
        *(end + by for end in ends for by in (-1, 0, 1)),
    }
    for place in sorted(place for place in places if 0 <= place <= len(whole)):
        file.write_bytes(whole[:place])
        assert is_cut(file) == (place not in ends), place


def test_what_is_no_frame_is_no_whole_file(tmp_path, frames):
    file = tmp_path / "a.jsonl.zst"
    file.write_bytes(frames[1] + b"text")
    assert is_cut(file)
    assert is_cut(tmp_path / "missing.zst")


@pytest.mark.parametrize(
    ("data", "torn"),
    [
        (b"", False),
        (b'{"ev":"log.open"}\n', False),
        (b'{"ev":"log.open"}', False),
        (b'{"ev":"log.open"}\n{"ev":"lo', True),
        (b"\0\0\0", True),
    ],
)
def test_only_an_unfinished_last_line_that_is_no_record_is_a_torn_end(tmp_path, data, torn):
    file = tmp_path / "a.jsonl"
    file.write_bytes(data)
    assert torn_end(file) is torn
