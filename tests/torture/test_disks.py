"""Disks that are full, broken, slow or taken away: the host sees no exception and no long wait, and nothing is glued."""

import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from raw import Raw

import steplog

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@contextmanager
def mounted(point, *command):
    point.mkdir(exist_ok=True)
    done = subprocess.run([*command, str(point)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(["fsfreeze", "-u", str(point)], capture_output=True, check=False)
        subprocess.run(["umount", "-l", str(point)], check=True)


@contextmanager
def small_disk(kind, tmp_path, size="1M"):
    if kind == "tmpfs":
        with mounted(tmp_path / "disk", "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs") as point:
            yield point
        return
    image = tmp_path / "image"
    subprocess.run(["truncate", "-s", "8M", image], check=True)
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("no mkfs.ext4")
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    with mounted(tmp_path / "disk", "mount", "-o", "loop", str(image)) as point:
        yield point


def sound(raw, *, damaged=0):
    assert raw.torn == []
    assert len(raw.damaged) == damaged
    assert raw.repeated() == []
    assert raw.in_order()


def mostly_torture(few, *more):
    return [*few, *(pytest.param(value, marks=pytest.mark.torture) for value in more)]


FAULTS = ("short:7", "full:30001", "eio:5000", "again:9000", "eintr:3", "slow:3")
FAULTY = """
    recorder = steplog.Recorder(LOG)
    with recorder.run("r") as run:
        longest = 0
        for n in range(400):
            if n == 200 and os.environ.get("FAULT_OFF"): open(os.environ["FAULT_OFF"], "w").close()
            began = time.monotonic()
            run.custom("line", {"n": n, "pad": f"{n} " * 60})
            longest = max(longest, time.monotonic() - began)
            if n == 200 and os.environ["FAULT"][:2] in ("fu", "ei", "ag"): time.sleep(1.3)
    recorder.close()
    print(longest)
"""


@pytest.mark.parametrize("where", ["log", "log.jsonl"])
@pytest.mark.parametrize("fault", mostly_torture(["short:333", "full:9000"], *FAULTS))
def test_faults_of_write_cost_no_line_once_they_are_over(fault, where, faults, program, tmp_path):
    env = {"FAULT": fault, "FAULT_OFF": str(tmp_path / "off")}
    done = program(FAULTY, env=env, preload=faults, log=tmp_path / where)
    raw = Raw(tmp_path / where)
    assert raw.data() == list(range(400))
    assert raw.gaps() == {}
    sound(raw)
    assert float(done.stdout) < 1


def test_a_torn_line_of_a_shared_file_that_others_wrote_behind_is_written_anew(faults, program, tmp_path):
    """Two processes on one file, each of whose writes takes a part only."""
    writer = """
        import subprocess
        recorder = steplog.Recorder(LOG)
        if len(sys.argv) == 1:
            other = subprocess.Popen([sys.executable, "-c", open("writer.py").read(), "other"])
        with recorder.run("r") as run:
            for n in range(300): run.custom("line", {"n": [len(sys.argv), n], "pad": f"{n} " * 60})
        if len(sys.argv) == 1: assert other.wait() == 0
        """
    log = tmp_path / "log.jsonl"
    import textwrap

    head = f"import os, sys, time, signal, threading, steplog\nLOG = {str(log)!r}\n"
    (tmp_path / "writer.py").write_text(head + textwrap.dedent(writer))
    program(writer, env={"FAULT": "short:150"}, preload=faults, log=log)
    raw = Raw(log)
    for who in (1, 2):
        assert [n for w, n in raw.data() if w == who] == list(range(300))
    assert raw.repeated() == []
    assert raw.gaps() == {}


def test_what_does_not_fit_in_memory_either_is_counted_exactly(faults, program, tmp_path):
    program(
        """
        recorder = steplog.Recorder(LOG, max_pending_bytes=20_000)
        with recorder.run("r") as run:
            for n in range(500): run.custom("line", {"n": n, "pad": f"{n} " * 60})
            open(os.environ["FAULT_OFF"], "w").close()
            time.sleep(1.3)
            run.custom("line", {"n": 500})
        recorder.close()
        """,
        env={"FAULT": "full:30001", "FAULT_OFF": str(tmp_path / "off")},
        preload=faults,
    )
    raw = Raw(tmp_path / "log")
    sound(raw)
    missing = set(range(501)) - set(raw.data())
    assert len(missing) > 100
    assert raw.lost() == len(missing) == sum(raw.gaps().values())
    assert missing == set(range(min(missing), max(missing) + 1))
    (told,) = [line for line in raw.lines if line["ev"] == "log.lost"]
    before = next(
        line for line in raw.lines if line["ev"] == "custom.point" and line["data"]["n"] == min(missing) - 1
    )
    assert told["reason"] == "ENOSPC"
    assert before["ts"] <= told["first_ts"] <= told["last_ts"] <= told["ts"]
    assert raw.lines[-1]["ev"] == "log.close"
    assert raw.lines[-1]["lost"] == len(missing)


@pytest.mark.torture
def test_writing_resumes_by_itself_while_the_host_is_idle(faults, program, tmp_path):
    program(
        """
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        for n in range(100): run.custom("line", {"n": n, "pad": f"{n} " * 60})
        open(os.environ["FAULT_OFF"], "w").close()
        deadline = time.monotonic() + 20
        while threading.active_count() >= 0 and time.monotonic() < deadline:
            time.sleep(0.05)
            (name,) = os.listdir(LOG)
            if b'"n":99' in open(os.path.join(LOG, name), "rb").read(): break
        os._exit(0)
        """,
        env={"FAULT": "full:9000", "FAULT_OFF": str(tmp_path / "off")},
        preload=faults,
    )
    raw = Raw(tmp_path / "log")
    sound(raw)
    assert raw.data() == list(range(100))


@pytest.mark.torture
def test_a_disk_that_stalls_costs_the_host_a_bounded_wait(faults, program, tmp_path):
    """0.4 s for each write: two such, then the helper writes."""
    done = program(
        """
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        waits = []
        for n in range(30):
            began = time.monotonic()
            run.custom("line", {"n": n})
            waits.append(time.monotonic() - began)
        open(os.environ["FAULT_OFF"], "w").close()
        time.sleep(2.5)
        for n in range(30, 60): run.custom("line", {"n": n})
        print(sum(waits), sorted(waits)[-5], flush=True)
        os._exit(0)
        """,
        env={"FAULT": "slow:400", "FAULT_OFF": str(tmp_path / "off")},
        preload=faults,
    )
    total, fifth = map(float, done.stdout.split())
    assert total < 3
    assert fifth < 0.25
    raw = Raw(tmp_path / "log")
    sound(raw)
    assert raw.data() == list(range(60))


def test_fsync_always_has_each_line_on_the_disk_before_the_hook_returns(faults, program, tmp_path):
    program(
        """
        told = os.open("told", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(told, 500)
        recorder = steplog.Recorder(LOG, fsync="always")
        run = recorder.run("r").__enter__()
        for n in range(20):
            run.custom("line", {"n": n})
            os.write(told, b"returned\\n")
        os._exit(0)
        """,
        env={"FAULT": "log:500"},
        preload=faults,
    )
    told = [line.split()[0] for line in (tmp_path / "told").read_text().splitlines()]
    assert told.count("returned") == 20
    for at, what in enumerate(told):
        if what == "returned":
            assert told[at - 2 : at] == ["write", "sync"]


def test_fsync_every_so_often_leaves_nothing_older(faults, program, tmp_path):
    program(
        """
        told = os.open("told", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(told, 500)
        recorder = steplog.Recorder(LOG, fsync=0.2)
        run = recorder.run("r").__enter__()
        for n in range(20): run.custom("line", {"n": n})
        time.sleep(0.6)
        os._exit(0)
        """,
        env={"FAULT": "log:500"},
        preload=faults,
    )
    told = [line.split()[0] for line in (tmp_path / "told").read_text().splitlines()]
    assert told[-1] == "sync"
    assert told.count("sync") < 5


@pytest.mark.torture
def test_an_fsync_that_fails_is_told_and_not_tried_again(faults, program, tmp_path):
    done = program(
        """
        recorder = steplog.Recorder(LOG, fsync="always")
        with recorder.run("r") as run:
            for n in range(3): run.custom("line", {"n": n})
            open(os.environ["FAULT_OFF"], "w").close()
            run.custom("line", {"n": 3})
        recorder.close()
        """,
        env={"FAULT": "fsync:1", "FAULT_OFF": str(tmp_path / "off")},
        preload=faults,
    )
    raw = Raw(tmp_path / "log")
    sound(raw)
    assert raw.data() == [0, 1, 2, 3]
    assert "fsync" in done.stderr
    assert any(line["ev"] == "log.error" and line["where"] == "fsync" for line in raw.lines)


@needs_root
@pytest.mark.parametrize("kind", ["tmpfs", pytest.param("ext4", marks=pytest.mark.torture)])
@pytest.mark.parametrize("where", ["log", "log.jsonl"])
def test_a_real_disk_fills_up_and_frees_again(kind, where, tmp_path, capfd):
    with small_disk(kind, tmp_path) as disk:
        ballast = disk / "ballast"
        path = disk / "logs" / where
        with steplog.Recorder(path) as recorder, recorder.run("r") as run:
            run.custom("line", {"n": 0})
            with pytest.raises(OSError, match="No space"):
                fill(ballast)
            for n in range(1, 2000):
                run.custom("line", {"n": n, "pad": f"{n} " * 40})
            ballast.unlink()
            time.sleep(1.2)
            run.custom("line", {"n": 2000})
        raw = Raw(path)
        assert raw.data() == list(range(2001))
        assert raw.gaps() == {}
        sound(raw)
        assert capfd.readouterr().err.count("No space left") == 1


@needs_root
@pytest.mark.parametrize("kind", ["tmpfs", pytest.param("ext4", marks=pytest.mark.torture)])
@pytest.mark.parametrize("where", ["log", "log.jsonl"])
@pytest.mark.parametrize("pad", [40, 12_000])  # what is torn fits into the room held back, or does not
def test_a_process_that_ends_while_the_disk_is_full_says_how_many_lines_are_lost(
    kind, where, pad, tmp_path, program
):
    with small_disk(kind, tmp_path) as disk:
        path = disk / "logs" / where
        done = program(
            f"""
            recorder = steplog.Recorder(LOG)
            run = recorder.run("r").__enter__()
            n, pending = 0, recorder._steps.lines.appender._writer.pending
            while len(pending.queue) < 100:
                run.custom("line", {{"n": n, "pad": f"{{n}} " * {pad}}})
                n += 1
            recorder.close()
            print(n)
            """,
            log=path,
        )
        raw = Raw(path)
        written = raw.data()
        assert written == list(range(len(written)))
        missing = int(done.stdout) + 1 - len(written)  # and run.end
        assert missing >= 100
        assert raw.lost() == sum(raw.gaps().values()) == missing
        assert len(raw.damaged) <= 1  # the torn one, which the loss counts
        assert (raw.torn, raw.repeated(), raw.in_order()) == ([], [], True)
        lost, closed = raw.lines[-2:]
        assert (lost["ev"], lost["reason"]) == ("log.lost", "ENOSPC")
        assert (closed["ev"], closed["lost"], closed["lines"]) == ("log.close", missing, closed["seq"])
        assert done.stderr.splitlines()[-1].endswith(f": {missing} lines are lost (ENOSPC); its log says so")


@needs_root
@pytest.mark.torture
def test_a_disk_that_hangs_holds_up_nobody_but_the_thread_inside_it(tmp_path):
    with small_disk("ext4", tmp_path) as disk:
        recorder = steplog.Recorder(disk / "log", max_pending_bytes=100_000)
        with recorder.run("r") as run:
            run.custom("line", {"n": -1})
            subprocess.run(["fsfreeze", "-f", disk], check=True)
            inside = threading.Thread(target=run.custom, args=("line", {"n": -2}))
            inside.start()
            time.sleep(0.1)
            waits = []
            for n in range(3000):
                began = time.monotonic()
                run.custom("line", {"n": n, "pad": "x" * 100})
                waits.append(time.monotonic() - began)
            assert inside.is_alive()
            subprocess.run(["fsfreeze", "-u", disk], check=True)
            inside.join(10)
            run.custom("line", {"n": 3000})
        recorder.close()
        assert max(waits) < 1.5
        assert sorted(waits)[-3] < 0.2
        raw = Raw(disk / "log")
        sound(raw)
        missing = set(range(-2, 3001)) - set(raw.data())
        assert raw.lost() == len(missing) > 500


@pytest.mark.torture
@needs_root
def test_a_read_only_disk_and_one_that_becomes_writable(tmp_path, capfd):
    with small_disk("tmpfs", tmp_path) as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with steplog.Recorder(disk / "log") as recorder, recorder.run("r") as run:
            for n in range(10):
                run.custom("line", {"n": n})
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            time.sleep(1.2)
            run.custom("line", {"n": 10})
        raw = Raw(disk / "log")
        sound(raw)
        assert raw.data() == list(range(11))
        assert "Read-only" in capfd.readouterr().err


def fill(path):
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4000)
            file.write(b"x")


CHANGES = {
    "its directory is deleted": "shutil.rmtree(LOG)",
    "its file is deleted": "os.unlink(file)",
    "its file is renamed": "os.rename(file, file.removesuffix('.jsonl') + '.old.jsonl')",
    "its file is truncated": "os.truncate(file, 0)",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", mostly_torture(["log"], "logs/all.jsonl"))
def test_what_others_do_to_the_file_is_followed(change, name, program, tmp_path):
    if "directory" in change and name != "log":
        pytest.skip("the same as deleting the file")
    program(
        f"""
        import shutil
        recorder = steplog.Recorder(LOG)
        with recorder.run("r") as run:
            for n in range(100): run.custom("line", {{"n": n}})
            file = recorder._steps.lines.appender._writer.sink.file
            time.sleep(0.3)  # so that a look at the file is due
            run.custom("line", {{"n": 100}})
            {CHANGES[change]}
            for n in range(101, 200): run.custom("line", {{"n": n}})  # at once: before the next look
            time.sleep(0.3)
            for n in range(200, 300): run.custom("line", {{"n": n}})
        recorder.close()
        """,
        log=tmp_path / name,
    )
    raw = Raw(tmp_path / "log" if name == "log" else tmp_path / "logs")
    assert (raw.torn, raw.damaged) == ([], [])
    written = sorted(raw.data())
    if "deleted" in change:
        # What came after the deletion was acknowledged: it is there, written anew.
        assert set(range(101, 300)) <= set(written)
    elif "renamed" in change:
        assert written == list(range(300))
    else:
        assert set(range(101, 300)) <= set(written)
    assert len(written) == len(set(written))
    assert name != "log" or raw.data() == written


def test_a_limit_on_file_size_neither_kills_the_host_nor_costs_a_line(program, tmp_path):
    program("""
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with steplog.Recorder(LOG) as recorder, recorder.run("r") as run:
            for n in range(500): run.custom("line", {"n": n, "pad": f"{n} " * 50})
        """)
    raw = Raw(tmp_path / "log")
    sound(raw)
    assert raw.data() == list(range(500))
    assert all(file.stat().st_size <= 30_000 for file in raw.files)


@pytest.mark.torture
def test_a_limit_set_later_and_a_line_that_no_file_may_hold(program, tmp_path):
    program("""
        import resource
        recorder = steplog.Recorder(LOG)
        with recorder.run("r") as run:
            for n in range(50): run.custom("line", {"n": n, "pad": f"{n} " * 50})
            resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
            for n in range(50, 100): run.custom("line", {"n": n, "pad": f"{n} " * 50})
            run.custom("line", {"big": f"big " * 5000})
            for n in range(100, 150): run.custom("line", {"n": n, "pad": f"{n} " * 50})
        recorder.close()
        """)
    raw = Raw(tmp_path / "log")
    assert raw.data() == list(range(150))
    assert raw.lost() == sum(raw.gaps().values()) == 1
    assert raw.repeated() == []


@pytest.mark.torture
def test_no_descriptors_left(program, tmp_path):
    program("""
        import resource
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r")
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        taken = []
        try:
            while True: taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        with run:
            for n in range(20): run.custom("line", {"n": n})
            for fd in taken: os.close(fd)
            time.sleep(1.2)
            run.custom("line", {"n": 20})
        recorder.close()
        """)
    raw = Raw(tmp_path / "log")
    sound(raw)
    assert raw.data() == list(range(21))


@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="needs setpriv and root")
def test_no_permission_costs_a_sentence(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    tmp_path.chmod(0o755)
    program = f"""
import steplog
with steplog.Recorder({str(tmp_path / "closed" / "log")!r}) as recorder, recorder.run("r") as run:
    run.custom("line", {{"n": 0}})
print("went on")
"""
    import sys

    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", program],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    if "No module named" in done.stderr or done.returncode in (126, 127):
        pytest.skip("another user cannot run this Python")
    assert "went on" in done.stdout
    assert done.stderr.count("Permission denied") == 1
