"""Processes: a child writes a segment of its own, no line twice, whoever made it and however it leaves."""

import json
import os
import sys

import pytest
from raw import Raw


def judge(log, expected):
    raw = Raw(log)
    assert sorted(map(tuple, raw.data())) == sorted(expected)
    assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps(), raw.in_order()) == ([], [], [], {}, True)
    return raw


def opens(raw):
    return [line for line in raw.lines if line["ev"] == "log.open"]


def test_children_forked_while_threads_log_write_segments_of_their_own(program, tmp_path, full):
    children = 60 if full else 8
    done = program(f"""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        stop, counts = threading.Event(), [0] * 4

        def write(k):
            while not stop.is_set():
                counts[k] += 1
                run.custom("line", {{"n": [k, counts[k]]}})

        threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
        for thread in threads: thread.start()
        for child in range({children}):
            pid = os.fork()
            if pid == 0:
                with recorder.run("child") as own:
                    for n in range(20):
                        own.custom("line", {{"n": [100 + child, n]}})
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        print(counts, flush=True)
        os._exit(0)
        """)
    expected = [(k, n) for k, most in enumerate(json.loads(done.stdout)) for n in range(1, most + 1)]
    expected += [(100 + child, n) for child in range(children) for n in range(20)]
    raw = judge(tmp_path / "log", expected)
    parent = next(line for line in opens(raw) if "parent_w" not in line)
    assert [line["parent_w"] for line in opens(raw) if line is not parent] == [parent["w"]] * children
    assert len({line["_file"] for line in opens(raw)}) == children + 1


def test_a_fork_inside_a_signal_handler_in_the_middle_of_a_line_leaves_two_writers_that_work(
    program, tmp_path, full
):
    done = program(f"""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        me, children, n = os.getpid(), [], 0

        def handler(*_):
            if os.getpid() == me and len(children) < {80 if full else 15}:
                pid = os.fork()
                if pid:
                    children.append(pid)
                    signal.setitimer(signal.ITIMER_REAL, 0.0017)

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        while os.getpid() == me and len(children) < {80 if full else 15}:
            n += 1
            run.custom("line", {{"n": [0, n]}})
        if os.getpid() != me:
            with recorder.run("child") as own:
                own.custom("line", {{"n": [os.getpid(), 1]}})
            os._exit(0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
        print(n, *children, flush=True)
        os._exit(0)
        """)
    n, *children = map(int, done.stdout.split())
    raw = Raw(tmp_path / "log")
    assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps(), raw.in_order()) == ([], [], [], {}, True)
    parent = next(line["_file"] for line in opens(raw) if "parent_w" not in line)
    points = [line for line in raw.lines if line["ev"] == "custom.point"]
    # The call that was interrupted goes on in both processes, and both may have something to say of it.
    assert [p["data"]["n"][1] for p in points if p["_file"] == parent] == list(range(1, n + 1))
    assert sorted(p["data"]["n"][0] for p in points if p["data"]["n"][0]) == sorted(children)
    twice = [p["_file"] for p in points if p["_file"] != parent and p["data"]["n"][0] == 0]
    assert len(twice) == len(set(twice))


@pytest.mark.parametrize("told_by", ["the kernel", "getpid"])
def test_forks_that_python_does_not_see_are_noticed(told_by, program, tmp_path):
    program(f"""
        import ctypes
        from steplog._write.disk import appender
        if {told_by!r} == "getpid":
            appender.process_mark = lambda: b"\\0"
        fork = ctypes.PyDLL(None).fork
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        assert recorder._steps.lines.appender._mark[0] == ({told_by!r} == "the kernel" and sys.platform == "linux")

        def write(generation):
            for n in range(3):
                run.custom("line", {{"n": [generation, n]}})

        def generations(generation):
            write(generation)
            pid = fork()
            if pid == 0:
                if generation < 2:
                    generations(generation + 1)
                os._exit(0)
            os.waitpid(pid, 0)
            write(10 + generation)

        generations(0)
        os._exit(0)
        """)
    raw = judge(tmp_path / "log", [(g, n) for g in (0, 1, 2, 10, 11, 12) for n in range(3)])
    files = {}
    for line in raw.lines:
        if line["ev"] == "custom.point":
            files.setdefault(line["_file"], set()).add(line["data"]["n"][0])
    assert sorted(map(sorted, files.values())) == [[0, 10], [1, 11], [2, 12]]


WORKER = """
import multiprocessing, os, steplog

def work(log, k):
    with steplog.Recorder(log) as recorder, recorder.run("child") as run:
        for n in range(5):
            run.custom("line", {"n": [k, n]})
    return os.getpid()
"""


@pytest.mark.parametrize(
    "method",
    [
        "fork",
        pytest.param("spawn", marks=pytest.mark.torture),
        pytest.param("forkserver", marks=pytest.mark.torture),
    ],
)
def test_pools_and_processes_of_every_kind(method, tmp_path, program):
    (tmp_path / "worker.py").write_text(WORKER)
    done = program(
        f"""
        sys.path.insert(0, os.getcwd())
        import worker, multiprocessing
        if __name__ == "__main__":
            recorder = steplog.Recorder(LOG)
            run = recorder.run("r").__enter__()
            run.custom("line", {{"n": [99, 0]}})
            context = multiprocessing.get_context({method!r})
            with context.Pool(3) as pool:
                pool.starmap(worker.work, [(LOG, k) for k in range(6)])
            child = context.Process(target=worker.work, args=(LOG, 6))
            child.start(); child.join()
            print(os.getpid(), flush=True)
            os._exit(0)
        """,
        env={"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    raw = judge(tmp_path / "log", [(99, 0)] + [(k, n) for k in range(7) for n in range(5)])
    pid = int(done.stdout)
    children = [line for line in opens(raw) if line["pid"] != pid]
    assert {line["ppid"] for line in children} == {pid}
    if method == "fork":
        assert all("parent_w" in line for line in children)


def test_no_descriptor_reaches_a_program_that_is_started(program, tmp_path):
    done = program("""
        import subprocess
        with steplog.Recorder(LOG) as recorder, recorder.run("r") as run:
            run.custom("line", {"n": [0, 0]})
            ls = "import os; print([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')])"
            print(subprocess.run([sys.executable, "-c", ls], close_fds=False, capture_output=True, text=True).stdout)
        """)
    assert "jsonl" not in done.stdout


@pytest.mark.torture
def test_gunicorn_workers_of_a_preloaded_application(tmp_path, program):
    pytest.importorskip("gunicorn")
    (tmp_path / "site.py").write_text("")
    (tmp_path / "shop.py").write_text(f"""
import os, steplog
recorder = steplog.Recorder({str(tmp_path / "log")!r})
boot = recorder.run("boot").__enter__()
boot.custom("line", {{"n": [0, os.getpid()]}})

def app(environ, start_response):
    with recorder.run("request") as run:
        run.custom("line", {{"n": [int(environ["QUERY_STRING"]), os.getpid()]}})
    start_response("200 OK", [])
    return [b"ok"]
""")
    (tmp_path / "site.py").unlink()
    done = program(
        """
        import subprocess, urllib.request, socket
        probe = socket.socket(); probe.bind(("127.0.0.1", 0)); port = probe.getsockname()[1]; probe.close()
        server = subprocess.Popen([sys.executable, "-m", "gunicorn", "--preload", "-w", "3", "-b", f"127.0.0.1:{port}",
                                   "--log-level", "error", "shop:app"])
        for n in range(1, 31):
            for attempt in range(200):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/?{n}").read()
                    break
                except OSError:
                    time.sleep(0.05)
        server.terminate()
        print(server.wait())
        """
    )
    assert done.stdout.strip() == "0"
    raw = Raw(tmp_path / "log")
    assert sorted(n for n, _ in raw.data()) == list(range(31))
    by_file = {}
    for line in raw.lines:
        if line["ev"] == "custom.point":
            by_file.setdefault(line["_file"], set()).add(line["data"]["n"][1])
    assert all(len(pids) == 1 for pids in by_file.values())
    assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps()) == ([], [], [], {})


def test_programs_patched_by_gevent(program, tmp_path):
    pytest.importorskip("gevent")
    program("""
        from gevent import monkey; monkey.patch_all()
        import gevent
        recorder = steplog.Recorder(LOG)
        with recorder.run("r") as run:
            def work(k):
                for n in range(200):
                    run.custom("line", {"n": [k, n]})
                    gevent.sleep(0)
            gevent.joinall([gevent.spawn(work, k) for k in range(8)])
            threads = [threading.Thread(target=work, args=(8 + k,)) for k in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        os._exit(0)
        """)
    judge(tmp_path / "log", [(k, n) for k in range(10) for n in range(200)])
