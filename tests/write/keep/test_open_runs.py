"""Which segments hold the beginning of a run that has not ended: told by lines, not by bytes somewhere in a value."""

import pytest

from sample_segments import RUN, line, numbered, opened, write_segment, writer_id
from steplog._write.keep.open_runs import WriterRuns
from steplog._write.keep.segments import segment_at

START = {"run": RUN, "ev": "run.start", "id": "x"}
END = {"run": RUN, "ev": "run.end", "ms": 1}
W = writer_id(0)


def step(data):
    return {"run": RUN, "step": 1, "ev": "custom.point", "data": data}


class Log:
    """The segments of one writer, and which of them were read."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []
        self.paths = {}

    def add(self, part, *records, tail=b""):
        self.paths[part] = write_segment(
            self.folder, [opened(W), *records] if records else [], part=part, tail=tail
        )
        return self

    def segment(self, part):
        self.asked.append(part)
        return segment_at(self.folder, self.paths[part].name)

    def is_open(self, part=1):
        return WriterRuns(self.paths).are_open_in(part, self.segment)


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path)


def test_a_run_is_open_until_its_end_line(log):
    assert log.add(1, START).add(2, step(1)).is_open()
    assert not log.add(2, step(1), END).is_open()
    assert not log.is_open(2)
    assert not log.add(1, START, END).is_open()


@pytest.mark.parametrize(
    "data",
    [
        {"ev": "run.end", "run": RUN},
        {"seq": 7, "ts": "2026-01-01T00:00:00.000007Z", "run": RUN, "ev": "run.end", "ms": 1},
        [[{"seq": 7, "ts": "", "run": RUN, "ev": "run.end"}]],
        line({"seq": 7, "ts": "", **END}).decode(),
    ],
    ids=["fields", "a whole line", "nested", "text"],
)
def test_a_value_that_contains_an_end_line_ends_no_run(log, data):
    assert log.add(1, START, step(data)).add(2, step(data)).is_open()


def test_a_value_that_contains_a_start_line_begins_no_run(log):
    data = {"seq": 7, "ts": "", "run": "0" * 16, "ev": "run.start"}
    assert not log.add(1, START, step(data), END).add(2, step(1)).is_open()


def test_a_damaged_end_line_ends_no_run(log):
    (end,) = map(line, numbered([END], first=4))
    for damaged in (b'{"seq":3,"ts"' + end, end[:-3] + b"\n", end[:-1], b"\0" * 8 + end):
        assert log.add(1, START, tail=damaged).add(2, step(1)).is_open(), damaged


def test_an_end_line_behind_damage_begins_nothing(log):
    (end,) = map(line, numbered([END], first=4))
    assert not log.add(1, START).add(2, step(1), tail=b"\0" * 8 + end).add(3, step(1)).is_open(2)


def test_a_run_that_may_have_begun_behind_damage_is_open(log):
    (start,) = map(line, numbered([START], first=4))
    for damaged in (b'{"seq":3,"ts"' + start, b"\0" * 8 + start):
        assert log.add(1, step(1), tail=damaged).add(2, step(1)).is_open(), damaged


def test_a_long_line_does_not_hide_what_stands_after_it(log):
    long = step("x" * 1_000_000)
    assert log.add(1, long, START, long).add(2, long).is_open()
    assert not log.add(2, long, END).is_open()


def test_an_id_that_is_used_again_later_is_another_run(log):
    log.add(1, START).add(2, END, START, step(1)).add(3, step(1))
    assert not log.is_open(1)
    assert log.is_open(2)


def test_lines_of_compressed_segments_count(log):
    zstd = pytest.importorskip("backports.zstd")
    log.add(1, START).add(2, step(1)).add(3, END)
    for part in (1, 3):
        path = log.paths[part]
        path.with_name(path.name + ".zst").write_bytes(zstd.compress(path.read_bytes()))
        path.unlink()
    assert not log.is_open()


def test_what_cannot_be_read_is_taken_for_open(log):
    log.add(1, START, END).add(2, END)
    path = log.paths[1]
    path.with_name(path.name + ".zst").write_bytes(b"no zstd")
    path.unlink()
    assert log.is_open()


def test_each_segment_is_read_once_and_only_as_far_as_needed(log):
    log.add(1, START).add(2, step(1), END, {**START, "run": "1" * 16}).add(3, step(1)).add(4, step(1))
    runs = WriterRuns(log.paths)
    assert not runs.are_open_in(1, log.segment)
    assert log.asked == [1, 2]
    assert runs.are_open_in(2, log.segment)
    assert log.asked == [1, 2, 3, 4]
    assert runs.are_open_in(2, log.segment)
    assert log.asked == [1, 2, 3, 4, 4], "only the last may have got more lines"
    log.add(4, step(1), {**END, "run": "1" * 16})
    assert not runs.are_open_in(2, log.segment)
    assert log.asked[5:] == [4]


def test_a_segment_that_was_begun_meanwhile_is_read(log):
    log.add(1, START).add(2, step(1))
    runs = WriterRuns(log.paths)
    assert runs.are_open_in(1, log.segment)
    log.add(3, END)
    runs.note(3)
    assert not runs.are_open_in(1, log.segment)
