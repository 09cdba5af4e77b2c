"""Hosts that do unusual things: close our descriptor, change directory, freeze the clock, guard their event loop."""

import asyncio
import json
import os
import re
import stat

import pytest
from raw import Raw

import steplog
from steplog._write.disk.composer import NOT_CALM


def look_at_the_clock(recorder):
    writer = recorder._steps.lines.appender._writer
    writer._composer.look_soon()
    writer._composer.calm = NOT_CALM


def test_a_host_that_closes_all_descriptors_gets_no_line_of_ours_in_its_files(program, tmp_path):
    program("""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        for n in range(50): run.custom("line", {"n": n})
        os.closerange(3, 4096)
        mine = [os.open(f"mine{i}", os.O_WRONLY | os.O_CREAT) for i in range(40)]
        for n in range(50, 100): run.custom("line", {"n": n})
        for fd in mine: os.write(fd, b"mine")
        recorder.close()
        assert all(os.fstat(fd) for fd in mine)
        """)
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(100))
    assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps()) == ([], [], [], {})
    assert {p.read_bytes() for p in tmp_path.glob("mine*")} == {b"mine"}


def test_a_descriptor_number_taken_by_the_host_is_neither_written_nor_closed(program, tmp_path):
    program("""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        run.custom("line", {"n": 0})
        fds = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")]
        ours = [int(fd[14:]) for fd in fds if os.path.exists(fd) and os.readlink(fd).endswith(".jsonl")]
        mine = os.open("mine", os.O_WRONLY | os.O_CREAT)
        os.dup2(mine, ours[0])
        time.sleep(0.3)  # longer than between two looks
        for n in range(1, 50): run.custom("line", {"n": n})
        recorder.close()
        os.fstat(ours[0])
        """)
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(50))
    assert (tmp_path / "mine").read_bytes() == b""


def test_changing_the_directory_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    recorder = steplog.Recorder("log")
    with recorder.run("r") as run:
        run.custom("line", {"n": 0})
        monkeypatch.chdir(tmp_path / "elsewhere")
        recorder._steps.lines.appender.release()
        run.custom("line", {"n": 1})
    recorder.close()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert sorted(Raw(tmp_path / "log").data()) == [0, 1]


def test_a_frozen_clock_hurts_nobody(program, tmp_path):
    # In a process of its own: among all the frameworks of a test run, a clock once frozen did not thaw for asyncio.
    pytest.importorskip("freezegun")
    program("""
        import freezegun
        with freezegun.freeze_time("1970-01-01") as clock:
            recorder = steplog.Recorder(LOG)
            with recorder.run("r") as run:
                for n in range(50):
                    run.custom("line", {"n": n})
                    clock.move_to(f"{2100 - n}-01-01")
            recorder.close()
    """)
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(50))
    assert raw.in_order()
    assert all(re.fullmatch(r"20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["ts"]) for line in raw.lines)


def test_a_clock_that_is_frozen_while_we_are_imported_hurts_nobody(program, tmp_path):
    pytest.importorskip("freezegun")
    program("""
        import freezegun
        for name in [name for name in sys.modules if name.startswith("steplog")]:
            del sys.modules[name]
        with freezegun.freeze_time("1970-01-01"):
            import steplog
            from steplog._write.disk.clock import now_ns
            began = now_ns()
            with steplog.Recorder(LOG) as recorder, recorder.run("r") as run:
                run.custom("line", {"n": 0})
            assert now_ns() > began
    """)
    raw = Raw(tmp_path / "log")
    assert raw.data() == [0]
    assert raw.in_order()
    assert all(re.match(r"20[2-9]", line["ts"]) for line in raw.lines)


@pytest.mark.parametrize("wall", [-(10**18), 0, 4 * 10**20])
def test_an_absurd_clock_hurts_nobody(wall, tmp_path, monkeypatch):
    from steplog._write.disk import clock

    monkeypatch.setattr(clock, "_CLOCKS", (lambda: wall, clock._CLOCKS[1]))
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        run.custom("line", {"n": 0})
    raw = Raw(tmp_path / "log")
    assert raw.in_order()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["ts"]) for line in raw.lines)


def test_a_clock_that_jumps_back_does_not_turn_stamps_back(tmp_path, monkeypatch):
    from steplog._write.disk import clock

    wall = [10**18]
    monkeypatch.setattr(clock, "_CLOCKS", (lambda: wall[0], clock._CLOCKS[1]))
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        for n in range(10):
            wall[0] += 10**12 if n % 2 else -5 * 10**12
            look_at_the_clock(recorder)
            run.custom("line", {"n": n})
    assert Raw(tmp_path / "log").in_order()


def test_event_loops_guarded_against_blocking_let_everything_through(tmp_path):
    blockbuster = pytest.importorskip("blockbuster")
    failed = []

    async def main():
        recorder = steplog.Recorder(tmp_path / "log", rotate_bytes=20_000)
        with recorder.run("r") as run:
            for n in range(400):
                run.custom("line", {"n": n, "pad": "x" * 200})
                if n % 100 == 50:
                    look_at_the_clock(recorder)
        recorder.close()

    with blockbuster.blockbuster_ctx():
        try:
            asyncio.run(main())
        except blockbuster.BlockingError as error:
            failed.append(error)
    assert failed == []
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(400))
    assert [line for line in raw.lines if line["ev"] == "log.error"] == []


def test_files_are_private_whatever_the_umask_and_nothing_planted_is_followed(program, tmp_path):
    program("""
        os.umask(0)
        with steplog.Recorder(LOG + "/a/b") as recorder, recorder.run("../../r") as run:
            run.custom("../../x", {"n": 0})
        os.umask(0o777)
        with steplog.Recorder(LOG + "/c.jsonl") as recorder, recorder.run("r") as run:
            run.custom("line", {"n": 0})
        """)
    files = [p for p in (tmp_path / "log").rglob("*") if p.is_file()]
    assert len(files) == 2
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in [tmp_path / "log", tmp_path / "log" / "a", tmp_path / "log" / "a" / "b"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_planted_links_and_pipes_are_neither_followed_nor_waited_for(tmp_path, capsys):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "link.jsonl").symlink_to(victim)
    os.mkfifo(tmp_path / "pipe.jsonl")
    with steplog.Recorder(tmp_path / "link.jsonl") as recorder, recorder.run("r") as run:
        run.custom("line", {"n": 0})
    assert victim.read_text() == "precious"
    err = capsys.readouterr().err
    told = [err.count(words) for words in ("cannot write", "the program goes on", "3 lines are lost")]
    assert told == [2, 1, 1]
    with pytest.raises(steplog.SettingsError, match="is a pipe"):
        steplog.Recorder(tmp_path / "pipe.jsonl")


def test_200_000_lines_later_memory_is_what_it_was(program, full):
    lines = 200_000 if full else 20_000
    done = program(f"""
        def resident():
            return int(open("/proc/self/statm").read().split()[1]) * 4096
        recorder = steplog.Recorder(LOG)
        with recorder.run("r") as run:
            for n in range(2000): run.custom("line", {{"n": n}})
            before = resident()
            for n in range({lines}): run.custom("line", {{"n": n, "pad": "some words here"}})
            print(json.dumps(resident() - before) if False else resident() - before)
        """)
    assert int(done.stdout) < 30e6 * (1 if full else 0.3)


def test_lines_hold_nothing_that_breaks_them(tmp_path):
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\r\nh\x7f\x00"
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run(text) as run:
        run.custom(text, {"n": text, text: 1})
    (file,) = (tmp_path / "log").iterdir()
    data = file.read_bytes()
    assert len(data.decode().splitlines()) == data.count(b"\n")
    assert Raw(tmp_path / "log").data() == [text]
    assert all(json.loads(line) for line in data.splitlines())


@pytest.mark.parametrize("is_isolated", [True, False])
@pytest.mark.parametrize("where", ["log", "a-file/log"])
def test_an_interpreter_inside_the_process_may_come_use_us_and_go(where, is_isolated, program, tmp_path):
    """Also while its disk fails: it ends the whole process where it ends with a thread left."""
    done = program(f"""
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        def use(log):
            with steplog.Recorder(log, fsync=0.5) as recorder, recorder.run("r") as run:
                run.custom("line", {{"n": 0}})
        use(LOG)
        open("a-file", "w").close()
        path = os.path.dirname(LOG) + "/{where}"
        begin = "import steplog; run = steplog.Recorder(path, fsync=0.5).run('inside').__enter__()"
        text = f"path = {{path!r}}; {{begin}}; run.custom('line', {{{{'n': 1}}}})"
        for _ in range(3):
            try:
                inside = interpreters.create(isolated={is_isolated})
            except TypeError:  # of 3.13
                inside = interpreters.create("isolated" if {is_isolated} else "legacy")
            try:
                interpreters.run_string(inside, text)
            except Exception as error:  # orjson refuses in some: that is the interpreter's own to hear
                assert "orjson" in str(error), error
            interpreters.destroy(inside)
            use(LOG)
        print("fine")
        """)
    assert done.stdout.splitlines()[-1] == "fine"
    assert sorted(set(Raw(tmp_path / "log").data())) in ([0], [0, 1])
