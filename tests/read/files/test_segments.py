"""Which files a log has, also while they get their other names."""

import os
import threading

import pytest

from sample_log import SEGMENT, weather
from steplog._read.files import segments as segments_module
from steplog._read.files.segments import segments
from steplog._read.files.standing import open_standing, other_form, stat_standing


def test_a_file_that_is_renamed_during_a_listing_is_not_missed(tmp_path, monkeypatch):
    """The kernel promises nothing of a name that changes while a directory is listed: here one listing has neither."""
    weather().write_in(tmp_path)
    (tmp_path / (SEGMENT + ".zst")).write_bytes(b"x")
    real, calls = segments_module._listed, []

    def listed(path):
        found = real(path)
        calls.append(path)
        if len(calls) == 1:
            (tmp_path / SEGMENT).unlink()
            return {}
        return found

    monkeypatch.setattr(segments_module, "_listed", listed)
    assert [file.name for file in segments(tmp_path)] == [SEGMENT + ".zst"]


def test_a_file_that_is_deleted_between_two_listings_is_gone(tmp_path, monkeypatch):
    weather().write_in(tmp_path)
    other = tmp_path / SEGMENT.replace("4711", "4712")
    weather().write(other)
    real, calls = segments_module._listed, []

    def listed(path):
        found = real(path)
        calls.append(path)
        if len(calls) == 1:
            other.unlink()
        return found

    monkeypatch.setattr(segments_module, "_listed", listed)
    assert [file.name for file in segments(tmp_path)] == [SEGMENT]


def test_segments_stand_in_the_order_of_their_writers_and_of_the_rotation(tmp_path):
    stem = SEGMENT.removesuffix(".jsonl")
    names = [
        f"{stem}.jsonl",
        f"{stem}.2.jsonl",
        f"{stem}.10.jsonl.zst",
        "20261124T031259000000Z-1-aaaaaaaa.jsonl",
    ]
    for name in reversed(names):
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in segments(tmp_path)] == names


def test_a_planted_pipe_or_directory_with_a_segments_name_is_none(tmp_path):
    weather().write_in(tmp_path)
    os.mkfifo(tmp_path / SEGMENT.replace("4711", "4712"))
    (tmp_path / SEGMENT.replace("4711", "4713")).mkdir()
    assert [file.name for file in segments(tmp_path)] == [SEGMENT]


def test_a_file_is_opened_in_whichever_form_it_stands(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    plain, packed = tmp_path / SEGMENT, tmp_path / (SEGMENT + ".zst")
    packed.write_bytes(zstd.compress(b"text"))
    form, stream = open_standing(plain)
    with stream:
        assert (form, stream.read()) == (packed, b"text")
    assert stat_standing(plain)[0] == packed
    plain.write_bytes(b"text")
    assert stat_standing(plain)[0] == plain
    packed.unlink()
    assert stat_standing(packed)[0] == plain
    plain.unlink()
    for look in (open_standing, stat_standing):
        with pytest.raises(FileNotFoundError):
            look(plain)
    assert other_form(tmp_path / "notes.txt") is None


def test_a_file_that_changes_its_form_all_the_time_is_found_all_the_same(tmp_path):
    plain, packed = tmp_path / SEGMENT, tmp_path / (SEGMENT + ".zst")
    plain.write_bytes(b"text")
    over = threading.Event()

    def change():
        while not over.is_set():
            os.link(plain, packed)
            plain.unlink()
            os.link(packed, plain)
            packed.unlink()

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(2000):
            stat_standing(plain)
            assert len(segments(tmp_path)) == 1
    finally:
        over.set()
        changer.join()
