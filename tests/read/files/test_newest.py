"""The newest lines, read from the ends of files: the same as the last of all lines."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
import canonical

import steplog
from sample_log import SEGMENT, weather
from steplog._read import BadLine
from steplog._read.files import newest


def key(line):
    return line.offset if isinstance(line, BadLine) else (line.record["ts"], line.record["seq"])


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr(newest, "_STEP", 700)


@pytest.mark.parametrize("seed", range(40))
def test_they_are_the_last_of_all_lines_in_order_of_time(tmp_path, seed):
    path = canonical.write(tmp_path / "log", seed)
    every = [key(line) for line in steplog.read(path).tail(10**9)]
    if path.is_dir():
        assert every == sorted(every)
    for count in (0, 1, 2, 7, 40):
        assert [key(line) for line in steplog.read(path).tail(count)] == (every[-count:] if count else [])


def test_a_damaged_line_is_as_old_as_the_line_before_it(tmp_path):
    rows = weather().bytes().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_bytes(b"".join([*rows[:10], b"garbage\n", *rows[10:]]))
    found = steplog.read(tmp_path / "a.jsonl").tail(3)
    assert [isinstance(line, BadLine) for line in found] == [True, False, False]


def test_a_packed_segment_is_read_from_its_end_too(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    rows = weather().bytes().splitlines(keepends=True)
    frames = [zstd.compress(b"".join(rows[at : at + 3])) for at in range(0, len(rows), 3)]
    (tmp_path / (SEGMENT + ".zst")).write_bytes(b"".join(frames))
    assert [line.record["seq"] for line in steplog.read(tmp_path).tail(4)] == [9, 10, 11, 12]


def test_lines_that_two_directories_have_count_once(tmp_path):
    for name in ("one", "two"):
        weather().write_in(tmp_path / name)
    assert [line.record["seq"] for line in steplog.read(tmp_path / "one", tmp_path / "two").tail(3)] == [
        10,
        11,
        12,
    ]
