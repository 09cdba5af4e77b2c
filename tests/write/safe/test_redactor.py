"""A user's redactor sees every text, and whatever it does costs the text and not the host."""

import subprocess
import sys
import textwrap
import threading
import time

import pytest

import steplog
from steplog._write.safe.redactor import contained_redactor


def records_of(redactor, fill, **settings):
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, redactor=redactor, **settings) as recorder, recorder.run("a run") as run:
        fill(run)
    return sink.records


def all_kinds_of_text(run):
    class OddError(Exception):
        pass

    with run.llm(
        model="a model",
        provider="a provider",
        messages=[{"role": "user", "content": "a message", "a message's key": 1}],
        tools=["a tool's name"],
        params={"a parameter": "a value"},
    ) as call:
        call.set(
            message={"role": "assistant", "content": "an answer"},
            usage={"input_tokens": 1, "a usage": 2},
            finish_reason="a reason",
        )
    with run.tool("a tool", args={"a key": ["an argument"]}) as call:
        call.set(result="a result")
    with pytest.raises(OddError), run.tool("a failing tool", **{"a keyword": "its value"}):
        raise OddError("an error's message")
    run.custom("an event", data={"deep": {"a deep key": OddError}})
    with run.retriever("a retriever", query="a query") as call:
        call.set(documents=[{"id": "an id", "content": "a document", "metadata": {"a field": "of metadata"}}])
    run.set(output="an output")


SEEN = [
    "a run", "a model", "a provider", "user", "a message", "a message's key", "a tool's name", "a parameter", "a value", "an answer",
    "a usage", "a reason", "a tool", "a key", "an argument", "a result", "a failing tool", "a keyword", "its value", "an error's message",
    "an event", "deep", "a deep key", "a retriever", "a query", "an id", "a document", "a field", "of metadata", "an output",
]  # fmt: skip


def test_it_sees_every_text_keys_and_names_included():
    seen = []
    records_of(lambda text: (seen.append(text), text)[1], all_kinds_of_text)
    assert [text for text in SEEN if text not in seen] == []
    assert any("OddError" in text for text in seen)


def test_what_it_takes_out_stands_nowhere():
    sink_text = repr(records_of(lambda text: text.replace("a", "*"), all_kinds_of_text, content="full"))
    for text in SEEN:
        assert "a" not in text or f"'{text}'" not in sink_text


def test_it_sees_texts_also_where_our_own_masking_is_off():
    records = records_of(
        lambda text: text.replace("Alice", "[name]"), lambda run: run.custom("c", data="Alice"), redact=False
    )
    assert "Alice" not in repr(records)


def raises(error):
    def redactor(_):
        raise error

    return redactor


class OwnEnd(BaseException):
    pass


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), OwnEnd(), MemoryError(), RecursionError()], ids=repr)  # fmt: skip
def test_whatever_it_raises_costs_the_text_and_nothing_else(error):
    records = records_of(raises(error), lambda run: run.custom("c", data=5))
    assert [record["ev"] for record in records if not record["ev"].startswith("log.")] == [
        "run.start",
        "custom.point",
        "run.end",
    ]
    assert records[2]["name"] == "[masked:redactor_failed]"
    assert records[2]["data"] == 5
    assert records[-2]["masked"]["redactor_failed"] >= 2


@pytest.mark.parametrize(
    "given", [None, 5, b"bytes", ["a"], object()], ids=lambda given: type(given).__name__
)
def test_what_is_no_text_is_a_failure_of_its(given):
    records = records_of(lambda _: given, lambda run: run.custom("c"))
    assert records[2]["name"] == "[masked:redactor_failed]"


def test_an_answer_of_50_mb_is_dropped():
    records = records_of(
        lambda text: text * 50_000_000 if text == "c" else text, lambda run: run.custom("c", data="x")
    )
    assert records[2]["name"] == "[masked:redactor_too_long]"
    assert records[2]["data"] == "x"


def test_one_that_hangs_costs_the_host_a_second_three_times_and_is_not_called_again():
    calls = []
    go_on = threading.Event()

    def hangs(text):
        calls.append(text)
        if text == "c":
            go_on.wait(60)
        return text

    def fill(run):
        for _ in range(6):
            began = time.monotonic()
            run.custom("c", data=1)
            took.append(time.monotonic() - began)

    took = []
    records = records_of(hangs, fill)
    go_on.set()
    points = [record["name"] for record in records if record["ev"] == "custom.point"]
    assert points == ["[masked:redactor_late]"] * 3 + ["[masked:redactor_off]"] * 3
    assert calls.count("c") == 3
    assert all(0.5 < seconds < 10 for seconds in took[:3])
    assert all(seconds < 0.5 for seconds in took[3:])
    assert records[-2]["totals"]["steps"] == 6, "what is counted here is no text"


def test_one_that_goes_round_in_circles_is_ended_and_takes_no_processor_time_afterwards():
    program = """
        import time, steplog
        def circles(text):
            while text == "c":
                pass
            return text
        sink = steplog.MemorySink()
        with steplog.Recorder(sink=sink, redactor=circles) as recorder, recorder.run("r") as run:
            for _ in range(4):
                run.custom("c")
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                began = time.process_time()
                time.sleep(0.2)
                if time.process_time() - began < 0.05:
                    print("quiet")
                    break
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "quiet\n"
    assert done.stderr.count("\n") == 1, "one sentence a minute says so"


def test_one_that_is_slow_once_is_called_again():
    slept = []

    def loads_a_model(text):
        if text == "c" and not slept:
            slept.append(text)
            time.sleep(1.5)
        return text

    records = records_of(loads_a_model, lambda run: [run.custom("c"), run.custom("c")])
    assert [r["name"] for r in records if r["ev"] == "custom.point"] == ["[masked:redactor_late]", "c"]


def test_threads_of_the_host_do_not_wait_for_each_other():
    inside, most = [], []
    lock = threading.Lock()

    def redactor(text):
        if text == "c":
            with lock:
                inside.append(1)
                most.append(len(inside))
            time.sleep(0.1)
            with lock:
                inside.pop()
        return text

    def fill(run):
        threads = [threading.Thread(target=run.custom, args=("c",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    records = records_of(redactor, fill)
    assert max(most) > 1
    assert [r["name"] for r in records if r["ev"] == "custom.point"] == ["c"] * 8


def test_its_threads_end_when_they_have_nothing_to_do(monkeypatch):
    monkeypatch.setattr("steplog._write.safe.redactor._IDLE_SECONDS", 0.05)
    before = threading._active.keys() | {threading.get_ident()}

    def own(text):
        idents.add(threading.get_ident())
        return text

    idents = set()
    records_of(own, lambda run: run.custom("c"))
    assert idents.isdisjoint(before), "it is called in threads of ours"
    deadline = time.monotonic() + 20
    contained = contained_redactor(own)
    while contained._idle and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not contained._idle


def test_it_has_the_context_of_the_call():
    import contextvars

    tenant = contextvars.ContextVar("tenant", default="nobody")
    seen = []
    tenant.set("ann")
    records_of(lambda text: (seen.append(tenant.get()), text)[1], lambda run: run.custom("c"))
    assert set(seen) == {"ann"}


def test_one_that_is_recorded_itself_does_not_call_itself_for_ever():
    sink = steplog.MemorySink()
    recorder = steplog.Recorder(sink=sink, redactor=lambda text: (nested(text), text)[1])

    def nested(text):
        if text == "c":
            with recorder.run("of the redactor"):
                pass

    with recorder, recorder.run("r") as run:
        run.custom("c")
    assert [r["name"] for r in sink.records if r["ev"] == "custom.point"] == ["c"]
    assert [r["name"] for r in sink.records if r["ev"] == "run.start"] == ["r", "[masked:redactor_failed]"]


def test_what_comes_of_a_signal_comes_to_the_host():
    # In a process of its own: an exception out of a signal goes wherever the interpreter is, a hook of the tests' too.
    program = """
        import os, signal, threading, steplog
        def redactor(text):
            if text == "c":
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
                threading.Event().wait(0.9)
            return text
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sink = steplog.MemorySink()
        with steplog.Recorder(sink=sink, redactor=redactor) as recorder, recorder.run("r") as run:
            try:
                run.custom("c")
            except KeyboardInterrupt:
                print("interrupted")
            run.custom("d")
        print(sink.records[-3]["name"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "interrupted\nd\n", done.stderr


def test_a_forked_child_has_threads_of_its_own():
    program = """
        import os, steplog
        sink = steplog.MemorySink()
        recorder = steplog.Recorder(sink=sink, redactor=lambda text: text.upper())
        with recorder.run("r") as run:
            run.custom("c")
            child = os.fork()
            if not child:
                with recorder.run("child") as own:
                    own.custom("d")
                os._exit(0 if [r["name"] for r in sink.records if r["ev"] == "custom.point"][-1] == "D" else 1)
            print(os.waitpid(child, 0)[1])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "0\n", done.stderr
