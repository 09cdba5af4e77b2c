"""Every damaged log, by every way to read it: what can be read is read, the rest named and counted, nothing raised for data."""

import json
import threading

import pytest

import steplog
from sample_log import RUN, SEGMENT, begun, weather
from steplog._read.health import examine


def lines():
    return weather().bytes().splitlines(keepends=True)


def torn():
    return begun().bytes() + b'{"seq":9,"ts":"2026-11', 1


def cut_at_its_first_byte():
    return b"{", 1


def nul_runs():
    return b"".join(lines()[:5]) + b"\0" * 5000 + b"".join(lines()[5:]) + b"\0" * 4096, 2


def byte_order_mark():
    return b"\xef\xbb\xbf" + weather().bytes(), 0


def carriage_returns():
    return weather().bytes().replace(b"\n", b"\r\n"), 0


def spliced():
    rows = lines()
    return b"".join([*rows[:4], rows[4][:40] + rows[5], *rows[6:]]), 1


def line_ends_lost():
    rows = lines()
    return b"".join([*rows[:4], rows[4].rstrip(b"\n") + rows[5], *rows[6:]]), 1


def fifty_megabytes():
    huge = weather()
    huge.records[6]["extra"] = "x" * 50_000_000
    return huge.bytes(), 0


def beyond_every_limit():
    return b"".join([*lines()[:6], b'{"seq":7,"x":"' + b"y" * (65 << 20) + b'"}\n', *lines()[6:]]), 1


def foreign_between_ours():
    rows = [
        {"level": "info", "run": "x", "step": "three"},
        [1],
        "text",
        {"ev": 5},
        {"ev": "tool.end", "run": 5},
    ]
    return b"".join([*lines()[:6], *(json.dumps(row).encode() + b"\n" for row in rows), *lines()[6:]]), 5


def from_the_future():
    newer = weather(v=9)
    newer.records[4]["ev"] = "llm.dreamt"
    newer.records[5]["usage"] = {"input_tokens": "many"}
    return newer.add("orchestra.start", step=9, movement=[1, {"a": None}]).bytes(), 0


def odd_types():
    odd = weather()
    odd.records[3]["parent"] = [1]
    odd.records[4]["usage"], odd.records[4]["error"], odd.records[4]["ms"] = "many", "text", "long"
    odd.records[1]["tags"], odd.records[1]["metadata"], odd.records[1]["name"] = {"a": 1}, [1], 5
    odd.records[10]["totals"], odd.records[10]["ms"] = 3, None
    return odd.bytes(), 1


def names_that_come_twice():
    rows = [row.replace(b', "', b',"').replace(b'": ', b'":') for row in lines()]
    rows[5] = rows[5].replace(b"}\n", b',"ev":5}\n')
    rows[6] = rows[6].replace(b"}\n", b',"run":"0000000000000000","step":"x"}\n')
    return b"".join(rows), 2


def deep():
    return b"".join([*lines()[:6], b"[" * 100_000 + b"\n", b'{"a":' * 100_000 + b"\n", *lines()[6:]]), 2


def huge_numbers():
    rows = lines()
    return b"".join([*rows[:6], b'{"seq":' + b"9" * 5000 + b',"ev":"log.x"}\n', *rows[6:]]), 1


INPUTS = [
    torn, cut_at_its_first_byte, nul_runs, byte_order_mark, carriage_returns, spliced, line_ends_lost, fifty_megabytes,
    beyond_every_limit, foreign_between_ours, from_the_future, odd_types, names_that_come_twice, deep, huge_numbers,
]  # fmt: skip


def looked_at(log):
    """Every run with everything that can be asked of it."""
    for run in log.runs:
        (
            str(run),
            run.totals,
            run.totals_note,
            run.messages,
            run.input,
            run.error,
            run.metadata,
            run.tags,
            run.bad,
        )
        for step in run.steps:
            str(step), step.usage.total_tokens, step.args, step.result, step.documents, step.sent, step.answer
    list(log.iter_steps())
    list(log.iter_runs(newest_first=True, since=log.runs[0].started if log.runs else None))
    return [run.id for run in log.runs]


@pytest.mark.parametrize("damaged", INPUTS)
def test_it_is_read_as_far_as_it_goes(tmp_path, damaged):
    data, count = damaged()
    (tmp_path / SEGMENT).write_bytes(data)
    log = steplog.read(tmp_path)
    runs = looked_at(log)
    assert (RUN in runs) == (damaged is not cut_at_its_first_byte)
    assert len(log.bad) == count
    assert all(bad.file == tmp_path / SEGMENT and bad.reason and bad.number for bad in log.bad)
    stop = threading.Event()
    stop.set()
    followed = list(steplog.follow(tmp_path, last=None, stop=stop))
    assert (
        len([line for line in followed if isinstance(line, steplog.Line)])
        == examine(tmp_path).segments[0].lines
    )
    assert [type(line) for line in log.tail(3)][-1:] == (
        [steplog.BadLine] if damaged in (torn, nul_runs, cut_at_its_first_byte) else [steplog.Line]
    )


@pytest.mark.parametrize("damaged", INPUTS)
def test_it_is_read_when_it_is_packed(tmp_path, damaged):
    zstd = pytest.importorskip("backports.zstd")
    data, count = damaged()
    packed = zstd.compress(data[: len(data) // 2], 1) + zstd.compress(data[len(data) // 2 :], 1)
    (tmp_path / (SEGMENT + ".zst")).write_bytes(packed)
    log = steplog.read(tmp_path)
    looked_at(log)
    assert len(log.bad) == count
    (tmp_path / (SEGMENT + ".zst")).write_bytes(packed[: len(packed) * 2 // 3])
    looked_at(steplog.read(tmp_path))


def test_what_is_no_log_is_said_to_be_none(tmp_path):
    (tmp_path / "app.jsonl").write_text('{"level": "info"}\n[1]\n"text"\n' * 20)
    with pytest.raises(steplog.NotALog):
        steplog.read(tmp_path)
    with pytest.raises(steplog.NotALog, match="none of its lines is a steplog line"):
        steplog.read(tmp_path / "app.jsonl")
