"""Rotation and retention: each line once, in order, no file too large, and only what nobody needs goes."""

import threading
import time
from pathlib import Path

import pytest
from raw import Raw

import steplog
from sample_segments import dead_segment
from steplog._write.keep.judge import Judge
from steplog._write.keep.segments import segments_in
from steplog._write.settings.settings import Settings

LIMIT = 20_000


def write(recorder, lines, *, start=0, pad=200):
    with recorder.run("r") as run:
        for n in range(start, start + lines):
            run.custom("line", {"n": n, "pad": f"{n} " + "x " * (pad // 2)})


def test_a_segment_is_left_when_it_is_full_and_the_next_names_it(tmp_path):
    with steplog.Recorder(tmp_path / "log", rotate_bytes=LIMIT) as recorder:
        write(recorder, 1000)
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(1000))
    assert (raw.torn, raw.damaged, raw.gaps(), raw.repeated(), raw.in_order()) == ([], [], {}, [], True)
    assert len(raw.files) > 10
    assert all(file.stat().st_size <= LIMIT for file in raw.files)
    opens = [line for line in raw.lines if line["ev"] == "log.open"]
    assert [line.get("prev") for line in opens] == [None, *(file.name for file in raw.files[:-1])]
    assert len({line["w"] for line in opens}) == 1
    log = steplog.read(tmp_path / "log")
    assert (len(log.runs), len(log.runs[0].steps), log.bad, log.gaps) == (1, 1000, (), ())


def test_a_line_larger_than_a_segment_stands_in_one_of_its_own(tmp_path):
    with steplog.Recorder(tmp_path / "log", rotate_bytes=4000) as recorder, recorder.run("r") as run:
        for n in range(20):
            run.custom("line", {"n": n, "pad": "word " * (2000 if n % 3 else 10)})
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(20))
    assert all(file.stat().st_size < 4000 + 11_000 for file in raw.files)


def test_threads_and_processes_rotate_each_its_own(tmp_path, program, full):
    per = 4000 if full else 400
    program(f"""
        import multiprocessing
        def work(k):
            recorder = steplog.Recorder(LOG, rotate_bytes={LIMIT})
            with recorder.run("r") as run:
                def write(t):
                    for n in range({per}): run.custom("line", {{"n": [k, t, n], "pad": "x " * 50}})
                threads = [threading.Thread(target=write, args=(t,)) for t in range(4)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
            recorder.close()
        context = multiprocessing.get_context("fork")
        processes = [context.Process(target=work, args=(k,)) for k in range(3)]
        for process in processes: process.start()
        for process in processes: process.join()
        """)
    raw = Raw(tmp_path / "log")
    assert sorted(map(tuple, raw.data())) == [
        (k, t, n) for k in range(3) for t in range(4) for n in range(per)
    ]
    assert (raw.torn, raw.damaged, raw.gaps(), raw.repeated(), raw.in_order()) == ([], [], {}, [], True)
    assert all(file.stat().st_size <= LIMIT for file in raw.files)


def test_a_segment_is_left_when_it_is_old(tmp_path):
    with steplog.Recorder(tmp_path / "log", rotate_hours=0.3 / 3600) as recorder, recorder.run("r") as run:
        for n in range(4):
            run.custom("line", {"n": n})
            time.sleep(0.32)
    raw = Raw(tmp_path / "log")
    assert raw.data() == [0, 1, 2, 3]
    assert 3 <= len(raw.files) <= 5


def killed_segment(folder, day, **fields):
    """A segment of a process that was killed, last written on that day of 2026-01."""
    return dead_segment(folder, number=day, day=day, closed=False, **fields)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_by_default_nothing_is_deleted_or_compressed(tmp_path):
    old = [killed_segment(tmp_path / "log", day) for day in range(1, 4)]
    with steplog.Recorder(tmp_path / "log", rotate_bytes=LIMIT) as recorder:
        write(recorder, 500)
    assert threading.active_count() == 1
    assert all(path.exists() for path in old)
    settings = Settings.load(tmp_path, environ={})
    assert (settings.keep_days, settings.keep_bytes, settings.compress, settings.chain) == (
        0,
        0,
        False,
        False,
    )
    assert (settings.fsync, settings.rotate_bytes) == ("never", 64 << 20)


def test_keep_days_and_keep_bytes_delete_the_oldest_closed_segments_only(tmp_path):
    old = [killed_segment(tmp_path / "log", day) for day in range(1, 6)]
    elsewhere = killed_segment(tmp_path / "log", 9, host="another-host", boot="another")
    theirs = tmp_path / "log" / "notes.txt"
    theirs.write_text("mine")
    with steplog.Recorder(tmp_path / "log", keep_bytes=45_000) as recorder:
        write(recorder, 1)
        wait_until(lambda: not old[0].exists())
        wait_until(lambda: sum(f.stat().st_size for f in (tmp_path / "log").glob("*.jsonl")) <= 45_000)
    assert [path.exists() for path in old] == [False, False, True, True, True]
    with steplog.Recorder(tmp_path / "log", keep_days=1) as recorder:
        write(recorder, 1)
        wait_until(lambda: not any(path.exists() for path in old))
    assert elsewhere.exists()
    assert theirs.read_text() == "mine"


def why_it_stays(judge, segment):
    with judge.expendable(segment) as why:
        return why


def test_the_segment_in_which_an_open_run_began_stays(tmp_path):
    recorder = steplog.Recorder(tmp_path / "log", rotate_bytes=4000, keep_bytes=4000)
    with recorder.run("done") as run:
        run.custom("line", {"n": 0})
    for _ in range(3):
        write(recorder, 20)
    with recorder.run("waits") as run:
        began = Path(recorder._steps.lines.appender._writer.sink.file)
        run.custom("line", {"n": 0})
        for _ in range(5):
            write(recorder, 20)
        wait_until(lambda: len(list((tmp_path / "log").iterdir())) <= 4)
        assert began.exists()
        segments = list(segments_in(tmp_path / "log"))
        (segment,) = (segment for segment in segments if segment.name == began.name)
        judge = Judge(tmp_path / "log", segments)
        wait_until(
            lambda: "still open" in why_it_stays(judge, segment)
        )  # the recorder's own thread may be at it
    recorder.close()


def test_closed_segments_are_compressed_whole(tmp_path):
    pytest.importorskip("backports.zstd")
    with steplog.Recorder(tmp_path / "log", rotate_bytes=LIMIT, compress=True) as recorder:
        write(recorder, 1000)
        wait_until(lambda: any(f.suffix == ".zst" for f in (tmp_path / "log").iterdir()))
        wait_until(lambda: sum(f.suffix == ".jsonl" for f in (tmp_path / "log").iterdir()) == 1)
    log = steplog.read(tmp_path / "log")
    assert (len(log.runs[0].steps), log.bad, log.gaps) == (1000, (), ())


def test_a_log_that_is_shipped_loses_only_what_was_delivered(tmp_path):
    old = [killed_segment(tmp_path / "log", day) for day in range(1, 4)]
    (tmp_path / "log" / ".shipped").write_text(old[1].name + "\n")
    with steplog.Recorder(tmp_path / "log", keep_days=1) as recorder:
        write(recorder, 1)
        wait_until(lambda: not old[1].exists())
    assert old[0].exists()
    assert old[2].exists()
