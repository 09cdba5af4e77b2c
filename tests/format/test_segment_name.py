"""A segment's name: written on one side, read on the other."""

from pathlib import Path

import pytest

from steplog._format.segment_name import (
    SegmentName,
    parse,
    part_in_name,
    segment_name,
    segment_stem,
    writer_in_name,
)

STEM = segment_stem("2026-11-23T03:12:59.123456Z", 4711, "k3x9q2ab")


def test_a_name_is_made_of_a_stem_and_a_part():
    assert segment_name(STEM, 1) == "20261123T031259123456Z-4711-k3x9q2ab.jsonl"
    assert segment_name(STEM, 12) == "20261123T031259123456Z-4711-k3x9q2ab.12.jsonl"


@pytest.mark.parametrize("part", [1, 2, 9, 10, 12345])
@pytest.mark.parametrize("suffix", ["", ".zst"])
def test_what_was_made_is_read(part, suffix):
    name = segment_name(STEM, part) + suffix
    assert parse(name) == SegmentName(STEM, part, "k3x9q2ab", bool(suffix))
    assert (writer_in_name(Path("any") / name), part_in_name(Path(name))) == ("k3x9q2ab", part)


@pytest.mark.parametrize(
    "name",
    [
        "", "notes.txt", ".shipped", "all.jsonl", "all.jsonl.zst", STEM, STEM + ".json", STEM + ".jsonl\n", STEM + ".jsonl.gz",
        STEM + ".x.jsonl", "x" + STEM + ".jsonl", "." + STEM + ".jsonl.abcdefgh.part", STEM.replace("-4711", "") + ".jsonl",
    ],
)  # fmt: skip
def test_any_other_name_is_none(name):
    assert parse(name) is None
    assert (writer_in_name(Path(name)), part_in_name(Path(name))) == ("", 1)


def test_names_in_pieces_sort_by_when_the_writer_began_and_then_by_rotation():
    later = segment_stem("2026-11-24T00:00:00.000000Z", 1, "aaaaaaaa")
    names = [segment_name(later, 1), *(segment_name(STEM, part) for part in (10, 9, 2, 1))]
    assert sorted(names, key=parse) == names[::-1]
