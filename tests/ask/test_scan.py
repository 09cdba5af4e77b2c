"""Lines are picked by their bytes: none is missed, none comes twice, wherever blocks and damages fall."""

import orjson
import pytest

from steplog._ask import scan
from steplog._ask.scan import every, lines_with, literal


def line(seq, **fields):
    return (
        orjson.dumps(
            {"seq": seq, "ts": "2026-11-23T03:12:59.000001Z", "run": "a" * 16, "ev": "tool.end", **fields}
        )
        + b"\n"
    )


def opened(writer):
    return (
        orjson.dumps({"seq": 1, "ts": "2026-11-23T03:12:59.000000Z", "ev": "log.open", "w": writer}) + b"\n"
    )


def seqs(found):
    return [each.line.record["seq"] for each in found]


@pytest.mark.parametrize("block", [1, 7, 100, 1000, 1 << 18])
def test_where_blocks_end_changes_nothing(tmp_path, monkeypatch, block):
    monkeypatch.setattr(scan, "_BLOCK", block)
    file = tmp_path / "a.jsonl"
    file.write_bytes(
        opened("w") + b"".join(line(n, result="needle" if n % 3 else "hay" * n) for n in range(2, 40))
    )
    assert seqs(lines_with(literal(b"needle"), [file])) == [n for n in range(2, 40) if n % 3]
    assert seqs(lines_with(every, [file])) == list(range(1, 40))
    assert {each.writer for each in lines_with(every, [file])} == {"w"}


def test_a_last_line_without_its_newline_counts_if_it_is_whole(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(2) + line(3)[:-1])
    assert seqs(lines_with(literal(b"tool.end"), [file])) == [2, 3]
    file.write_bytes(line(2) + line(3)[:-5])
    assert seqs(lines_with(literal(b"tool.end"), [file])) == [2]


def test_a_line_of_a_writer_comes_once_though_its_segment_was_copied(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(opened("w") + line(2) + line(3))
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    assert seqs(lines_with(literal(b"tool.end"), files)) == [2, 3]


def test_lines_belong_to_who_opened_the_file_last(tmp_path):
    file = tmp_path / "all.jsonl"
    file.write_bytes(opened("x") + line(2) + opened("y") + line(2) + line(3, w="z"))
    assert [each.writer for each in lines_with(literal(b"tool.end"), [file])] == ["x", "y", "z"]


def test_a_line_beyond_every_limit_is_left_out_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "MAX_LINE", 5_000)
    monkeypatch.setattr(scan, "_BLOCK", 1_000)
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(2) + line(3, result="needle" * 3_000) + line(4) + line(5, result="x" * 100_000))
    assert seqs(lines_with(literal(b"tool.end"), [file])) == [2, 4]


def test_a_record_behind_damage_on_the_same_line_counts(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(line(2)[:30] + line(3) + b"\0" * 50 + line(4))
    assert seqs(lines_with(literal(b"tool.end"), [file])) == [3, 4]


def test_what_stands_before_the_cut_of_a_compressed_file_is_found(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    data = [b"".join(line(n * 100 + m) for m in range(100)) for n in range(1, 5)]
    frames = [zstd.compress(each) for each in data]
    file = tmp_path / "a.jsonl.zst"
    file.write_bytes(b"".join(frames)[:-20])
    assert len(set(seqs(lines_with(literal(b"tool.end"), [file])))) >= 300


def test_a_file_that_is_gone_is_passed_over(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(line(2))
    assert seqs(lines_with(every, [tmp_path / "a.jsonl", tmp_path / "b.jsonl"])) == [2]
