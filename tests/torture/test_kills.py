"""Crash: what a hook has returned for is in the file, whatever ends the process."""

import pytest
from kills import CASES
from raw import Raw

ENDS = {
    "os._exit": "os._exit(3)",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM)",
    "abort": "os.abort()",
    "a segfault": "import ctypes; ctypes.string_at(0)",
    "an unhandled exception": "raise RuntimeError('nobody catches this')",
    "sys.exit": "sys.exit(4)",
}


@pytest.mark.parametrize("case", CASES)
def test_a_kill_loses_nothing_acknowledged_and_damages_nobody_else(case, tmp_path, full):
    found = CASES[case](tmp_path, 60 if full else 5)
    assert found["acknowledged"] > 0
    assert (found["lost"], found["damaged"], found["twice"]) == (0, 0, 0)
    assert found["torn"] <= found["kills"]


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_the_process_its_lines_are_there(end, program, tmp_path):
    program(
        f"""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        for n in range(200):
            run.custom("line", {{"n": n}})
        {ENDS[end]}
        """,
        check=False,
    )
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(200))
    assert (raw.torn, raw.damaged, raw.gaps()) == ([], [], {})


def test_lines_of_threads_that_run_at_shutdown_are_there(program, tmp_path):
    done = program("""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        told = os.open(LOG + ".told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def write(k):
            n = 0
            while True:
                n += 1
                run.custom("line", {"n": [k, n]})
                os.write(told, b"%d %d\\n" % (k, n))

        for k in range(4):
            threading.Thread(target=write, args=(k,), daemon=True).start()
        time.sleep(0.2)
        """)
    assert done.stderr == ""
    raw = Raw(tmp_path / "log")
    told = [[int(word) for word in line.split()] for line in (tmp_path / "log.told").read_text().splitlines()]
    written = raw.data()
    assert len(told) > 10
    assert [t for t in told if t not in written] == []
    assert (raw.torn, raw.damaged, raw.repeated()) == ([], [], [])


def test_a_crashed_segment_is_never_touched_again(program, tmp_path):
    crash = """
        with steplog.Recorder(LOG) as recorder, recorder.run("r") as run:
            run.custom("line", {"n": 1})
            os._exit(0)
        """
    program(crash)
    (first,) = (tmp_path / "log").iterdir()
    first.write_bytes(first.read_bytes() + b'{"seq":4,"ts":"20')
    before = (first.read_bytes(), first.stat().st_mtime_ns)
    program(crash)
    assert (first.read_bytes(), first.stat().st_mtime_ns) == before
    assert len(list((tmp_path / "log").iterdir())) == 2
