"""Bytes to lines: damage is named, never raised, and costs only itself."""

import json

import pytest

from sample_log import Lines, weather
from steplog._read import BadLine, Line
from steplog._read.files.lines import read_lines

GOOD = b'{"seq":1,"ts":"2026-11-23T03:12:59.000001Z","run":"8f3a1c2b4d5e6f70","ev":"run.start","id":"x"}\n'
NEXT = GOOD.replace(b'"seq":1', b'"seq":2')


def split(path):
    found = list(read_lines(path))
    return [f for f in found if isinstance(f, Line)], [f for f in found if isinstance(f, BadLine)]


def test_a_file_cut_at_any_byte_gives_every_complete_line_and_names_the_cut(tmp_path):
    data = weather().bytes()
    file = tmp_path / "cut.jsonl"
    for cut in range(len(data) + 1):
        file.write_bytes(data[:cut])
        lines, bad = split(file)
        whole = data[:cut].count(b"\n")
        rest = data[:cut].rpartition(b"\n")[2]
        only_newline_missing = data[cut : cut + 1] == b"\n" and bool(rest)
        assert len(lines) == whole + only_newline_missing
        assert [b.torn for b in bad] == ([True] if rest and not only_newline_missing else [])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b"{not json}\n", "invalid JSON"),
        (b'{"seq":3,"ev":"x\xff"}\n', "invalid UTF-8 at byte 16"),
        (b"\0" * 4096 + b"\n", "4096 NUL bytes"),
        (b"[1, 2]\n", "not a JSON object but a list"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
        (b'{"a":' + b"1" * 5_000 + b"}\n", "invalid JSON"),
        (b'{"hello": 1}\n', "it has no `ev`"),
        (b'{"ev": "llm.start"}\n', "without `run`"),
        (b'{"ev": "llm.start", "run": null}\n', "without `run`"),
        (b'{"ev": "llm.start", "run": "a", "step": "x"}\n', "`step` is not a number"),
        (bytes(range(256)) * 64 + b"\n", ""),
    ],
)
def test_a_damaged_line_is_named_with_its_place_and_its_neighbours_are_read(tmp_path, damage, reason):
    file = tmp_path / "a.jsonl"
    file.write_bytes(GOOD + damage + NEXT)
    lines, bad = split(file)
    assert [line.record["seq"] for line in lines] == [1, 2]
    assert bad[0].number == 2
    assert bad[0].offset == len(GOOD)
    assert reason in bad[0].reason
    assert not bad[0].torn
    assert damage.startswith(bad[0].head[:10])


def test_nul_bytes_before_a_whole_record_cost_only_themselves(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(GOOD + b"\0" * 512 + NEXT)
    lines, bad = split(file)
    assert [(line.record["seq"], line.offset) for line in lines] == [(1, 0), (2, len(GOOD) + 512)]
    assert [b.reason for b in bad] == ["512 NUL bytes, then a whole record on the same line"]


def test_a_record_glued_to_half_a_line_is_read(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(GOOD[:40] + NEXT)
    lines, bad = split(file)
    assert [line.record["seq"] for line in lines] == [2]
    assert bad[0].reason == "an unfinished line, then a whole record on the same line"


def test_blank_lines_crlf_and_a_byte_order_mark_mean_nothing(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + b"\n\n  \r\n" + NEXT)
    lines, bad = split(file)
    assert [(line.record["seq"], line.number) for line in lines] == [(1, 1), (2, 5)]
    assert bad == []


def test_a_line_of_20_mb_is_read(tmp_path):
    file = Lines().add("run.start", id="x", input="a" * 20_000_000).write(tmp_path / "a.jsonl")
    lines, bad = split(file)
    assert len(lines[0].record["input"]) == 20_000_000
    assert bad == []


def test_a_line_without_end_is_skipped_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("steplog._read.files.lines.MAX_LINE", 1000)
    file = tmp_path / "a.jsonl"
    file.write_bytes(GOOD + b"x" * 100_000 + b"\n" + NEXT)
    lines, bad = split(file)
    assert [(line.record["seq"], line.number, line.offset) for line in lines] == [
        (1, 1, 0),
        (2, 3, len(GOOD) + 100_001),
    ]
    assert "longer than" in bad[0].reason


def test_every_single_flipped_byte_costs_at_most_its_own_line(tmp_path):
    data = GOOD + NEXT + GOOD.replace(b'"seq":1', b'"seq":3')
    file = tmp_path / "a.jsonl"
    for at in range(len(GOOD), len(GOOD + NEXT) - 1):
        flipped = bytearray(data)
        flipped[at] ^= 0x80
        file.write_bytes(flipped)
        lines, _ = split(file)
        assert {1, 3} <= {line.record.get("seq") for line in lines}


def test_a_compressed_segment_is_read_or_the_missing_module_named(tmp_path):
    file = tmp_path / "20261123T031259000000Z-1-aaaaaaaa.jsonl.zst"
    try:
        from backports import zstd
    except ImportError:
        file.write_bytes(b"anything")
        assert "no zstd is installed" in split(file)[1][0].reason
        return
    data = weather().bytes()
    file.write_bytes(zstd.compress(data))
    lines, bad = split(file)
    assert [line.record for line in lines] == [json.loads(line) for line in data.splitlines()]
    assert bad == []
    file.write_bytes(zstd.compress(data)[:-20])
    assert all(isinstance(found, Line | BadLine) for found in read_lines(file))
