"""What a run's memory knows: nothing before a line is on its way, each thing once, and not without end."""

import threading
from pathlib import Path

import pytest

import steplog
from steplog._write.said import run_memory

SAID = {"role": "user", "content": "the only question"}
LONG = "a long text " * 40


class Interrupting(steplog.MemorySink):
    """While a line is being written, tells the same once more in a thread of its own."""

    def __init__(self):
        super().__init__()
        self.meanwhile = None
        self.threads = []

    def write(self, lines):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            self.threads.append(threading.Thread(target=meanwhile))
            self.threads[-1].start()
            # The other thread's line is made when it waits for its turn to write.
            self.threads[-1].join(0.2)
        return super().write(lines)


@pytest.mark.parametrize("what", ["a message", "a long text", "a model call that is a run"])
def test_nothing_is_pointed_at_before_it_is_written(what):
    sink = Interrupting()
    recorder = steplog.Recorder(sink=sink)

    def tell():
        if what == "a long text":
            run.tool("t", args={"text": LONG}).__enter__()
        else:
            run.llm("m", [SAID]).__enter__()

    run = recorder.run("r")
    run.begin()
    sink.meanwhile = tell
    tell()
    for thread in sink.threads:
        thread.join(30)
    recorder.close()
    starts = [r for r in sink.records if r["ev"] in ("llm.start", "tool.start")]
    assert len(starts) == 2
    if what == "a long text":
        assert [r["args"]["text"] for r in starts] == [LONG, LONG]
    else:
        assert [r["messages"][0]["content"] for r in starts] == [SAID["content"]] * 2


def test_the_lines_of_one_hook_have_each_message_once(sink):
    with steplog.Recorder(sink=sink) as recorder:
        steps = recorder._steps
        steps.start(
            "c",
            "llm",
            None,
            run_fields={"input": {"messages": [dict(SAID)], "text": LONG}},
            fields={"model": "m", "messages": [dict(SAID)]},
        )
        steps.end("c", fields={"message": {"role": "assistant", "content": LONG}, "output": LONG})
    start, call, answer, end = sink.records[1:5]
    assert [r["ev"] for r in (start, call, answer, end)] == ["run.start", "llm.start", "llm.end", "run.end"]
    assert start["input"]["text"] == LONG
    assert (call["prompt"], [m["content"] for m in call["messages"]]) == ("1", [SAID["content"]])
    assert answer["message"]["content"] == {"$same": [0, "input", "text"]}
    assert end["output"] == {"$same": [0, "input", "text"]}


def test_equal_messages_have_one_number_and_an_id_that_one_of_them_gets_is_not_the_others(sink):
    one, two = dict(SAID), dict(SAID)
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for prompt in ([one, two], [one, two]):
            with run.llm("m", prompt):
                pass
        one["id"] = "x"
        for prompt in ([one, two], [two, one, dict(SAID)]):
            with run.llm("m", prompt):
                pass
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    assert [r["prompt"] for r in starts] == ["1,1", "1,1", "2,1", "1-2,1"]
    assert starts[2]["messages"] == [{"m": 2, "like": 1, "id": "x"}]


def test_an_edited_message_that_is_as_it_was_before_has_its_number_back(sink):
    said = dict(SAID)
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for content in ("before", "after", "before", "after"):
            said["content"] = content
            with run.llm("m", [said]):
                pass
    assert [r["prompt"] for r in sink.records if r["ev"] == "llm.start"] == ["1", "2", "1", "2"]


@pytest.mark.parametrize("bound", ["MOST_ENTRIES", "MOST_CHARACTERS"])
def test_a_run_that_says_ever_more_is_forgotten_from_time_to_time_and_the_log_says_so_once(
    sink, monkeypatch, bound
):
    monkeypatch.setattr(run_memory, bound, 40 if bound == "MOST_ENTRIES" else 2000)
    first = dict(SAID)
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        for n in range(100):
            with run.llm("m", [first, {"role": "user", "content": f"question {n} " + "x" * 40}]):
                pass
            assert recorder._steps.sizes()["memory"] <= 60
    starts = [r for r in sink.records if r["ev"] == "llm.start"]
    in_full = [n for n, r in enumerate(starts) if SAID["content"] in str(r)]
    assert 2 <= len(in_full) <= 20
    numbers = [m["m"] for r in starts for m in r["messages"]]
    assert numbers == sorted(set(numbers))
    (said,) = [r for r in sink.records if r["ev"] == "log.error"]
    assert said["where"] == "run memory"
    assert "is forgotten, and written in full" in said["error"]["message"]


def test_prompts_can_be_rebuilt_after_that(tmp_path, monkeypatch):
    monkeypatch.setattr(run_memory, "MOST_ENTRIES", 10)
    history = []
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        for n in range(30):
            history.append({"role": "user", "content": f"question {n}"})
            with run.llm("m", history[-8:]):
                pass
    (read,) = recorder.runs
    for n, step in enumerate(read.steps):
        assert [m["content"] for m in step.prompt] == [f"question {k}" for k in range(max(0, n - 7), n + 1)]


def test_a_hundred_thousand_steps_of_a_run_that_never_ends_cost_no_memory_without_end(tmp_path):
    import gc

    def resident():
        with Path("/proc/self/statm").open() as statm:
            return int(statm.read().split()[1]) * 4096

    recorder = steplog.Recorder(tmp_path / "log")
    run = recorder.run("r").__enter__()

    def work(first, last):
        for n in range(first, last):
            with run.llm("m", [{"role": "user", "content": f"question {n}", "id": f"id {n}"}]) as call:
                call.set(
                    message={"role": "assistant", "content": f"answer {n} " + "x" * 300}, asks=[f"call {n}"]
                )

    work(0, 12_000)  # past the bound for the first time
    gc.collect()
    before = resident()
    work(12_000, 30_000)
    gc.collect()
    recorder.close()
    assert resident() - before < 20_000_000
