"""Threads, tasks and signals: whatever cuts in between two byte codes, each line is written once and in order."""

import json
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from raw import Raw

import steplog
from steplog._format.line import encode
from steplog._write.disk.appender import Appender
from steplog._write.disk.batch import NO_FILE, standing
from steplog._write.disk.composer import NOT_CALM
from steplog._write.disk.file_sink import file_for
from steplog._write.settings.settings import Settings

WRITE = str(Path(steplog.__file__).parent / "_write")


def appender_for(path, **settings):
    loaded = Settings.load(path, environ={}, **settings)
    return Appender(file_for(loaded), dict, loaded)


def body(n, key="n"):
    return encode({"ev": "custom.point", "run": "0" * 16, "step": 1, "data": {key: n}})


class Injected(BaseException):
    pass


@contextmanager
def at_byte_code(target, call):
    """Runs `call` before the `target`th byte code executed in our write side."""
    count = 0

    def step():
        nonlocal count
        count += 1
        if count == target:
            call()

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(WRITE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            step()
        return trace

    if sys.version_info < (3, 12):
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(None)
        return
    monitoring, me = sys.monitoring, threading.get_ident()
    monitoring.use_tool_id(4, "torture")
    monitoring.register_callback(
        4,
        monitoring.events.INSTRUCTION,
        lambda code, _: (
            step() if code.co_filename.startswith(WRITE) and threading.get_ident() == me else None
        ),
    )
    monitoring.set_events(4, monitoring.events.INSTRUCTION)
    try:
        yield
    finally:
        monitoring.set_events(4, 0)
        monitoring.free_tool_id(4)


class Targets:
    """Numbers of byte codes at which to cut in, until one was not `reached` any more; not all of them unless `full`."""

    def __init__(self, full):
        self.full = full
        self.reached = True

    def __iter__(self):
        target = 0
        while self.reached:
            target += 1 if self.full or target < 30 else 7
            self.reached = False
            yield target
        assert target > 50


def inject():
    raise Injected


def with_two_lines(appender):
    appender.append(body("before"))
    appender.append(body("before, too"))
    return appender


def append_interrupted(appender, n, target):
    """Whether the exception came before `append` was through."""
    try:
        with at_byte_code(target, inject):
            appender.append(body(n))
    except Injected:
        return True
    return False


@pytest.mark.parametrize("state", ["first line", "calm", "after a pause", "shared file"])
def test_an_exception_at_any_byte_code_costs_at_most_its_own_line(state, tmp_path, full):
    targets = Targets(full)
    for target in targets:
        path = tmp_path / f"{target}{'.jsonl' if state == 'shared file' else ''}"
        appender = appender_for(path)
        if state != "first line":
            with_two_lines(appender)
        if state == "after a pause":
            appender._writer._composer.look_soon()
            appender._writer._composer.calm = NOT_CALM
        targets.reached = append_interrupted(appender, "it", target)
        began = time.monotonic()
        appender.append(body("after"))
        other = threading.Thread(target=appender.append, args=(body("after, elsewhere"),))
        other.start()
        other.join()
        assert time.monotonic() - began < 0.4
        raw = Raw(path)
        expected = ["after", "after, elsewhere"]
        assert [n for n in raw.data() if n.startswith("after")] == expected, target
        assert raw.data().count("it") <= 1
        assert targets.reached or "it" in raw.data()
        assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps(), raw.in_order()) == (
            [],
            [],
            [],
            {},
            True,
        ), target
        appender.release()


def test_another_appender_call_at_any_byte_code_is_written_before_it_returns(tmp_path, full):
    """As a signal handler, a finalizer or the garbage collector would."""
    targets = Targets(full)
    for target in targets:
        path = tmp_path / str(target)
        appender = with_two_lines(appender_for(path))
        seen = []

        def cut_in():
            targets.reached = True
            appender.append(body("nested"))  # noqa: B023 - called at once
            seen.append("nested" in Raw(path).data())  # noqa: B023

        with at_byte_code(target, cut_in):
            appender.append(body("it"))
        appender.append(body("after"))
        raw = Raw(path)
        assert sorted(raw.data()) == sorted(
            ["before", "before, too", "it", "after"] + ["nested"] * targets.reached
        ), target
        assert (raw.torn, raw.damaged, raw.gaps(), raw.in_order()) == ([], [], {}, True), target
        assert seen in ([], [True]), target
        appender.release()


def test_a_call_of_another_thread_at_any_byte_code_is_written_before_it_returns(tmp_path, full):
    targets = Targets(full)
    for target in targets:
        path = tmp_path / str(target)
        appender = with_two_lines(appender_for(path))
        seen = []

        def elsewhere():
            appender.append(body("elsewhere"))  # noqa: B023 - called at once
            seen.append("elsewhere" in Raw(path).data())  # noqa: B023

        def cut_in():
            targets.reached = True
            other = threading.Thread(target=elsewhere)
            other.start()
            other.join()

        with at_byte_code(target, cut_in):
            appender.append(body("it"))
        raw = Raw(path)
        expected = ["before", "before, too", "it"] + ["elsewhere"] * targets.reached
        assert sorted(raw.data()) == sorted(expected), target
        assert (raw.torn, raw.damaged, raw.gaps(), raw.in_order()) == ([], [], {}, True), target
        assert seen in ([], [True]), target
        appender.release()


def test_a_step_that_is_ended_twice_at_once_ends_what_is_below_it_once(full):
    """As by two threads, or by a handler that cuts in: whoever is first."""
    targets = Targets(full)
    for target in targets:
        sink = steplog.MemorySink()
        with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
            node = run.node("n").__enter__()
            node.tool("t").__enter__()

            def cut_in():
                targets.reached = True
                node.__exit__(None, None, None)  # noqa: B023 - called at once

            with at_byte_code(target, cut_in):
                node.__exit__(None, None, None)
        told = [record["ev"] for record in sink.records]
        assert [told.count(ev) for ev in ("node.end", "tool.end", "run.end", "log.error")] == [1, 1, 1, 0], (
            target
        )


class Slow(steplog.MemorySink):
    """Tells that a write has begun, and takes a while over it."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Event()

    def write(self, lines):
        self.begun.set()
        select.select([], [], [], 0.01)
        return super().write(lines)


def test_a_line_that_another_thread_is_writing_is_written_when_its_call_returns(tmp_path, full):
    targets = Targets(full)
    for target in targets:
        sink, others = Slow(), []
        appender = with_two_lines(Appender(sink, dict, Settings.load(tmp_path, environ={})))

        def cut_in():
            targets.reached = True
            sink.begun.clear()  # noqa: B023 - called at once
            others.append(threading.Thread(target=appender.append, args=(body("elsewhere"),)))  # noqa: B023
            others[0].start()  # noqa: B023
            sink.begun.wait(0.02)  # noqa: B023 - in vain where we cut into the write, which others wait 50 ms for

        with at_byte_code(target, cut_in):
            appender.append(body("it"))
        written = [line["data"]["n"] for line in sink.records if line["ev"] == "custom.point"]
        assert written.count("it") == 1, target
        for other in others:
            other.join()
        appender.close({})  # on a busy machine the other one may have waited for longer than a call does
        written = [line["data"]["n"] for line in sink.records if line["ev"] == "custom.point"]
        assert sorted(written) == sorted(["before", "before, too", "it"] + ["elsewhere"] * targets.reached), (
            target
        )
        assert [line["seq"] for line in sink.records] == list(range(1, len(sink.records) + 1)), target


def test_a_handler_that_cuts_into_a_write_in_its_own_thread_does_not_wait_for_it(tmp_path, full):
    targets = Targets(full)
    for target in targets:
        sink, took = steplog.MemorySink(), 0
        appender = with_two_lines(Appender(sink, dict, Settings.load(tmp_path, environ={})))

        def cut_in():
            nonlocal took
            targets.reached = True
            began = time.monotonic()
            appender.append(body("nested"))  # noqa: B023 - called at once
            took = time.monotonic() - began

        with at_byte_code(target, cut_in):
            appender.append(body("it"))
        assert took < 0.3, target
        appender.close({})
        written = [line["data"]["n"] for line in sink.records if line["ev"] == "custom.point"]
        assert sorted(written) == sorted(["before", "before, too", "it"] + ["nested"] * targets.reached), (
            target
        )
        assert [line["seq"] for line in sink.records] == list(range(1, len(sink.records) + 1)), target


def test_a_handler_that_logs_and_raises_at_any_byte_code_costs_at_most_the_line_it_cut_into(tmp_path, full):
    targets = Targets(full)
    for target in targets:
        path = tmp_path / str(target)
        appender = with_two_lines(appender_for(path))

        def cut_in():
            appender.append(body("nested"))  # noqa: B023 - called at once
            raise Injected

        try:
            with at_byte_code(target, cut_in):
                appender.append(body("it"))
        except Injected:
            targets.reached = True
        appender.append(body("after"))
        raw = Raw(path)
        found = raw.data()
        assert found.count("nested") == targets.reached, target
        assert found.count("it") <= 1, target
        assert targets.reached or "it" in found
        assert (found[:2], found[-1]) == (["before", "before, too"], "after"), target
        assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps(), raw.in_order()) == (
            [],
            [],
            [],
            {},
            True,
        ), target
        appender.release()


def with_one_pending(path):
    """A writer in calm weather, and one record in its queue."""
    writer = with_two_lines(appender_for(path))._writer
    writer.pending.put(body("it"))
    return writer, writer.pending


def is_written_the_shortest_way(writer):
    writer._write_all = lambda *_, **__: False  # the other one
    return writer.write(0, is_alone=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda writer, pending: pending.batch.taken.clear(),  # a call that cut in is writing
        lambda writer, pending: setattr(
            pending.batch, "entries", (pending.queue[0],)
        ),  # it may have our line, written
        lambda writer, pending: pending.queue.clear(),  # ours is written
        lambda writer, pending: pending.put(body("another")),
        lambda writer, pending: pending.batch.after.append(
            standing(pending.batch.end)
        ),  # somebody has gone on
        lambda writer, pending: (
            next(pending.numbers),
            pending.queue.clear(),
            pending.put(body("it")),
        ),  # one is lost
        lambda writer, pending: (pending.queue.clear(), pending.put(b"")),  # log.close
        lambda writer, pending: setattr(writer._composer, "calm", NOT_CALM),
        lambda writer, pending: setattr(writer._composer, "calm", (0, 1, *writer._composer.calm[2:])),
        lambda writer, pending: setattr(writer.sink, "limit", 100),  # the file is full
        lambda writer, pending: setattr(pending.batch, "steps", (pending.batch.end._replace(stage=NO_FILE),)),
        lambda writer, pending: setattr(pending.batch, "steps", (pending.batch.end._replace(last=1 << 62),)),
    ],
)
def test_the_shortest_way_is_left_where_anything_else_is_to_be_looked_at(spoil, tmp_path):
    writer, pending = with_one_pending(tmp_path / "log")
    spoil(writer, pending)
    before = list(pending.batch.after)
    assert not is_written_the_shortest_way(writer)
    assert pending.batch.after == before


@pytest.mark.parametrize("name", ["log", "log.jsonl"])
def test_the_shortest_way_is_taken_in_between_and_writes_the_same_bytes(name, tmp_path):
    writer, pending = with_one_pending(tmp_path / name)
    before, copy = pending.batch, pending.queue.copy()
    assert is_written_the_shortest_way(writer)
    taken = pending.batch
    assert before.after == [taken]
    pending.queue.extend(copy)
    slowly = writer._composer.batch_after(before.end)
    assert (slowly.whole, tuple(slowly.steps)) == (taken.whole, taken.steps)


class Gated:
    """A sink whose writes tell that they have begun, and wait until they may go on."""

    shared = False

    def __init__(self, writes):
        self.begun = [threading.Event() for _ in range(writes)]
        self.may_go_on = [threading.Event() for _ in range(writes)]
        self.written = []

    def open(self, stamp, pid, w):
        pass

    def write(self, lines):
        n = len(self.written)
        self.begun[n].set()
        self.may_go_on[n].wait(10)
        self.written.append(lines)
        return len(lines)

    def close(self):
        pass


def test_who_waited_for_others_returns_once_its_own_line_is_written(tmp_path):
    sink = Gated(4)
    appender = Appender(sink, dict, Settings.load(tmp_path, environ={}))

    def begin(name):
        thread = threading.Thread(target=appender.append, args=(body(name),))
        thread.start()
        return thread

    begin("first")
    sink.begun[0].wait(10)
    waiting = [begin("second"), begin("third")]
    while len(appender._writer.pending.queue) < 3:
        pass
    sink.may_go_on[0].set()
    sink.begun[1].wait(10)  # of one of the two, with both lines
    last = begin("fourth")
    while len(appender._writer.pending.queue) < 3:
        pass
    sink.may_go_on[1].set()
    for thread in waiting:
        thread.join(0.4)  # while the write of the fourth goes on
    assert not any(thread.is_alive() for thread in waiting)
    sink.may_go_on[2].set()
    sink.may_go_on[3].set()
    last.join(10)
    assert [lines.count(b"\n") for lines in sink.written[:2]] == [2, 2]
    assert b"fourth" in sink.written[2]


def test_signal_handlers_that_log_neither_block_nor_lose(program, tmp_path, full):
    seconds = 5 if full else 0.7
    done = program(f"""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        handled = 0

        def handler(*_):
            global handled
            handled += 1
            run.custom("signal", {{"s": handled}})

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0003)
        n, end = 0, time.monotonic() + {seconds}
        others = [threading.Thread(target=lambda: [run.custom("t", {{"t": i}}) for i in range(300)]) for _ in range(3)]
        for other in others: other.start()
        while time.monotonic() < end:
            n += 1
            run.custom("line", {{"n": n}})
        signal.setitimer(signal.ITIMER_REAL, 0)
        for other in others: other.join()
        print(n, handled, flush=True)
        os._exit(0)
        """)
    n, handled = map(int, done.stdout.split())
    raw = Raw(tmp_path / "log")
    assert handled > 50
    assert raw.data("n") == list(range(1, n + 1))
    assert sorted(raw.data("s")) == list(range(1, handled + 1))
    assert sorted(raw.data("t")) == sorted([*range(300)] * 3)
    assert (raw.damaged, raw.gaps(), raw.repeated(), raw.in_order()) == ([], {}, [], True)


def test_a_storm_of_signals_beside_busy_threads_loses_nothing_and_nests_no_deeper_for_us(
    program, tmp_path, full
):
    lines = 20_000 if full else 3000
    done = program(f"""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        import itertools
        numbers, depth, deepest = itertools.count(1), 0, 0

        def handler(*_):
            global depth, deepest
            number = next(numbers)
            depth += 1
            deepest = max(deepest, depth)
            run.custom("signal", {{"s": number}})
            depth -= 1

        def write(k):
            for n in range({lines}): run.custom("line", {{"n": [k, n], "pad": "y" * 200}})

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        others = [threading.Thread(target=write, args=(k,)) for k in (1, 2)]
        for other in others: other.start()
        write(0)
        for other in others: other.join()
        signal.setitimer(signal.ITIMER_REAL, 0)
        run.__exit__(None, None, None)
        recorder.close()
        print(next(numbers) - 1, deepest)
        """)
    handled, deepest = map(int, done.stdout.split())
    raw = Raw(tmp_path / "log")
    for k in range(3):
        assert [n for who, n in raw.data() if who == k] == list(range(lines))
    assert sorted(raw.data("s")) == list(range(1, handled + 1))
    assert handled > 20
    assert deepest < 20
    assert (raw.torn, raw.damaged, raw.gaps(), raw.repeated(), raw.in_order(), raw.lost()) == (
        [],
        [],
        {},
        [],
        True,
        0,
    )


def test_a_handler_that_logs_and_leaves_by_os_exit_has_logged(program, tmp_path, full):
    for i in range(40 if full else 6):
        log = tmp_path / str(i)
        program(
            f"""
            recorder = steplog.Recorder(LOG)
            run = recorder.run("r").__enter__()
            def handler(*_):
                run.custom("last", {{"last": n}})
                os._exit(0)
            signal.signal(signal.SIGALRM, handler)
            n = 0
            run.custom("line", {{"n": n}})
            signal.setitimer(signal.ITIMER_REAL, {0.002 + i * 0.0007})
            while True:
                n += 1
                run.custom("line", {{"n": n}})
            """,
            log=log,
        )
        raw = Raw(log)
        assert len(raw.data("last")) == 1
        assert (raw.torn, raw.damaged, raw.gaps()) == ([], [], {})


def test_finalizers_and_the_collector_may_log_in_the_middle_of_a_line(program, tmp_path):
    done = program("""
        import gc
        gc.set_threshold(5, 2, 2)
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        made = 0

        class Logs:
            def __init__(self):
                global made
                made += 1
                self.me, self.k = self, made  # a cycle, for the collector to find whenever it runs
            def __del__(self):
                run.custom("gone", {"gone": self.k})

        for n in range(3000):
            Logs()
            run.custom("line", {"n": n, "more": [[i] for i in range(10)]})
        gc.collect()
        print(made, flush=True)
        os._exit(0)
        """)
    raw = Raw(tmp_path / "log")
    assert raw.data("n") == list(range(3000))
    assert sorted(raw.data("gone")) == list(range(1, int(done.stdout) + 1))
    assert (raw.damaged, raw.gaps(), raw.repeated()) == ([], {}, [])


def test_exceptions_thrown_into_threads_leave_a_writer_that_works(program, tmp_path, full):
    """`PyThreadState_SetAsyncExc`, as timeouts and notebooks use it, again and again."""
    done = program(f"""
        import contextlib, ctypes

        class Injected(BaseException): pass

        throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        stop, done = threading.Event(), {{}}

        def write(k):
            while not stop.is_set():
                done[k] += 1
                run.custom("line", {{"n": [k, done[k]]}})

        def write_again(k):
            try:
                write(k)
            except Injected:
                write_again(k)

        def begin(k):
            done[k] = 0
            with contextlib.suppress(Injected, RecursionError):
                write_again(k)

        threads = [threading.Thread(target=begin, args=(k,)) for k in range(4)]
        for thread in threads: thread.start()
        end = time.monotonic() + {8 if full else 1}
        while time.monotonic() < end:
            for thread in threads:
                throw(ctypes.c_ulong(thread.ident), ctypes.py_object(Injected))
            time.sleep(0.0005)
        stop.set()
        for thread in threads: thread.join(5)
        assert not any(thread.is_alive() for thread in threads)
        began = time.monotonic()
        for n in range(100): run.custom("line", {{"n": ["last", n]}})
        print(time.monotonic() - began, sum(done.values()), flush=True)
        os._exit(0)
        """)
    took, written = done.stdout.split()
    assert float(took) < 0.3
    assert int(written) > 50
    raw = Raw(tmp_path / "log")
    assert [n for n in raw.data() if n[0] == "last"] == [["last", n] for n in range(100)]
    for k in range(4):
        own = [n for who, n in raw.data() if who == k]
        assert own == sorted(set(own))
    assert (raw.torn, raw.damaged, raw.repeated(), raw.gaps(), raw.in_order()) == ([], [], [], {}, True)


def test_ctrl_c_again_and_again_costs_no_acknowledged_line(program, tmp_path, full):
    program(f"""
        recorder = steplog.Recorder(LOG)
        run = recorder.run("r").__enter__()
        armed = False

        def interrupt(*_):
            global armed
            if armed:
                armed = False
                raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, interrupt)
        told, n = [], 0
        signal.setitimer(signal.ITIMER_REAL, 0.003, 0.0011)
        for _ in range({4000 if full else 400}):
            try:
                armed = True
                for _ in range(50):
                    n += 1
                    run.custom("line", {{"n": n}})
                    told.append(n)
                armed = False
            except KeyboardInterrupt:
                pass
        open("told", "w").write(str(told))
        os._exit(0)
        """)
    raw = Raw(tmp_path / "log")
    written = raw.data()
    assert set(json.loads((tmp_path / "told").read_text())) <= set(written)
    assert written == sorted(set(written))
    assert (raw.damaged, raw.gaps()) == ([], {})


def test_threads_and_tasks_keep_their_order_each_line_once(tmp_path, full):
    import asyncio

    per, path = (20_000 if full else 1500), tmp_path / "log"
    recorder = steplog.Recorder(path)
    with recorder.run("r") as run:

        def write(k):
            for n in range(per):
                run.custom("line", {"n": [k, n]})

        async def task(k):
            for n in range(per // 10):
                run.custom("line", {"n": [k, n]})
                await asyncio.sleep(0)

        async def tasks():
            await asyncio.gather(*(task(100 + k) for k in range(20)))

        threads = [threading.Thread(target=write, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        asyncio.run(tasks())
        for thread in threads:
            thread.join()
    recorder.close()
    raw, by = Raw(path), {}
    for k, n in raw.data():
        by.setdefault(k, []).append(n)
    assert all(by[k] == list(range(per)) for k in range(8))
    assert all(by[100 + k] == list(range(per // 10)) for k in range(20))
    assert (raw.torn, raw.damaged, raw.gaps(), raw.repeated(), raw.in_order()) == ([], [], {}, [], True)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_no_signal_handler_of_ours_is_installed(program):
    done = program("""
        before = [signal.getsignal(s) for s in signal.valid_signals()]
        with steplog.Recorder(LOG) as recorder, recorder.run("r") as run:
            run.custom("line", {"n": 1})
        print(before == [signal.getsignal(s) for s in signal.valid_signals()], threading.active_count())
        """)
    assert done.stdout.split() == ["True", "1"]
