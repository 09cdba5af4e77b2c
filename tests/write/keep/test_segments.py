"""Only files that writers made are segments, whatever bears such a name."""

import os

from sample_segments import dead_segment
from steplog._write.keep.segments import age, segment_at, segments_in, shipped_from


def test_only_regular_files_with_a_segments_name_are_segments(tmp_path):
    path = dead_segment(tmp_path / "log", number=1)
    names = [dead_segment(tmp_path / "other", number=n).name for n in range(2, 5)]
    (tmp_path / "log" / names[0]).symlink_to(path)
    (tmp_path / "log" / names[1]).mkdir()
    os.mkfifo(tmp_path / "log" / names[2])
    (tmp_path / "log" / "notes.jsonl").write_text("mine")
    (found,) = segments_in(tmp_path / "log")
    assert (found.name, found.size, found.is_packed) == (path.name, path.stat().st_size, False)
    assert all(segment_at(tmp_path / "log", name) is None for name in names)


def test_a_segment_is_found_in_either_form_the_plain_one_first(tmp_path):
    path = dead_segment(tmp_path)
    packed = path.with_name(path.name + ".zst")
    packed.write_bytes(b"")
    assert segment_at(tmp_path, path.name).name == path.name
    path.unlink()
    found = segment_at(tmp_path, path.name)
    assert (found.name, found.plain_name, found.is_packed) == (packed.name, path.name, True)
    packed.unlink()
    assert segment_at(tmp_path, path.name) is None


def test_age_is_when_it_was_written_last_and_then_its_name(tmp_path):
    days = {(2, 1): 3, (1, 10): 2, (1, 9): 2, (3, 1): 1}
    for (number, part), day in days.items():
        dead_segment(tmp_path, number=number, part=part, day=day)
    found = [(int(segment.stem[9:21]), segment.part) for segment in sorted(segments_in(tmp_path), key=age)]
    assert found == [(3, 1), (1, 9), (1, 10), (2, 1)]


def test_who_ships_a_log_and_cannot_be_asked_has_shipped_nothing(tmp_path):
    assert shipped_from(tmp_path) is None
    (tmp_path / ".shipped").write_text("a\nb\n")
    assert shipped_from(tmp_path) == {"a", "b"}
    (tmp_path / ".shipped").write_bytes(b"\xff")
    assert shipped_from(tmp_path) == frozenset()
