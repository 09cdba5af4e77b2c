"""Functions that are runs and steps: whatever kind of function, results and errors are its own, and calls nest."""

import asyncio
import contextvars
import inspect
import threading

import pytest

import steplog


@pytest.fixture
def recorder(sink):
    with steplog.Recorder(sink=sink) as recorder:
        yield recorder


def steps(sink):
    """Each step's number, parent, kind, name, what it was told and what it gave; 0 for runs."""
    starts = [r for r in sink.records if r["ev"].endswith(".start")]
    ends = {(r["run"], r.get("step")): r for r in sink.records if r["ev"].endswith(".end")}
    told = ("args", "input", "query", "prompt")
    gave = ("result", "output", "documents", "message")
    return [
        (
            r.get("step", 0), r.get("parent", 0), r["ev"].partition(".")[0], r.get("name"),
            next((r[name] for name in told if name in r), None),
            next((end[name] for name in gave if name in end), None),
        )
        for r in starts
        for end in [ends[r["run"], r.get("step")]]
    ]  # fmt: skip


def test_calls_nest_without_an_object_handed_down(recorder, sink):
    @recorder.tool
    def search(q, limit=3):
        "Find."
        return f"{limit} hits for {q}"

    @recorder.node
    def plan():
        return search("tea")

    @recorder.run
    def nightly(day):
        with recorder.agent("helper"):
            search("cake", limit=1)
        return plan()

    assert nightly("monday") == "3 hits for tea"
    assert steps(sink) == [
        (0, 0, "run", "nightly", {"day": "monday"}, "3 hits for tea"),
        (1, 0, "agent", "helper", None, None),
        (2, 1, "tool", "search", {"q": "cake", "limit": 1}, "1 hits for cake"),
        (3, 0, "node", "plan", None, "3 hits for tea"),
        (4, 3, "tool", "search", {"q": "tea"}, "3 hits for tea"),
    ]
    assert (search.__name__, search.__doc__, str(inspect.signature(search))) == (
        "search",
        "Find.",
        "(q, limit=3)",
    )


def test_a_decorator_may_have_a_name_and_fields(recorder, sink):
    @recorder.run("job", tags=["cron"], thread="t1")
    def work():
        return look("x")

    @recorder.tool("look up", call_id="c1")
    def look(q):
        return recorder.current.name

    assert work() == "look up"
    assert recorder.current is None
    run, tool = (r for r in sink.records if r["ev"].endswith(".start"))
    assert (run["name"], run["tags"], run["thread"]) == ("job", ["cron"], "t1")
    assert (tool["name"], tool["call_id"], tool["args"]) == ("look up", "c1", {"q": "x"})


def test_outside_of_all_runs_a_tool_is_a_run_of_its_own(recorder, sink):
    @recorder.tool
    def search(q):
        return q

    search("a")
    assert [r["ev"] for r in sink.records[1:]] == ["run.start", "tool.start", "tool.end", "run.end"]


def test_an_error_is_the_steps_and_passes_on_as_it_was(recorder, sink):
    error = ValueError("no")

    @recorder.tool
    def fails():
        raise error

    @recorder.run
    def job():
        fails()

    with pytest.raises(ValueError, match="no") as raised:
        job()
    assert raised.value is error
    ends = [(r["ev"], r["status"], r["error"].get("step")) for r in sink.records if r["ev"].endswith(".end")]
    assert ends == [("tool.end", "error", None), ("run.end", "error", 1)]


def test_a_wrong_call_raises_what_python_raises_and_is_recorded_with_what_was_given(recorder, sink):
    @recorder.tool
    def search(q):
        return q

    with pytest.raises(TypeError, match="unexpected keyword argument 'qq'"):
        search(qq=1)
    assert steps(sink)[-1][4] == {"qq": 1}


def test_methods_are_told_without_self_and_class_methods_without_cls(recorder, sink):
    class Shop:
        @recorder.tool
        def buy(self, what):
            return what

        @classmethod
        @recorder.tool
        def open(cls, at):
            return at

        @staticmethod
        @recorder.tool
        def close():
            return None

    Shop().buy("tea")
    Shop.open(9)
    Shop.close()
    assert [step[3:5] for step in steps(sink) if step[0]] == [
        ("buy", {"what": "tea"}),
        ("open", {"at": 9}),
        ("close", None),
    ]


async def test_coroutines_are_awaited_inside_of_their_step_and_tasks_go_on_in_it(recorder, sink):
    @recorder.tool
    async def search(q):
        await asyncio.sleep(0)
        return q

    @recorder.run
    async def job(n):
        return await asyncio.gather(*(search(f"{n}.{i}") for i in range(3)))

    assert inspect.iscoroutinefunction(search)
    assert await asyncio.gather(job(1), job(2)) == [["1.0", "1.1", "1.2"], ["2.0", "2.1", "2.2"]]
    runs = {}
    for record in sink.records:
        if record["ev"] == "tool.start":
            runs.setdefault(record["run"], []).append(record["args"]["q"][0])
    assert sorted(map(tuple, runs.values())) == [("1",) * 3, ("2",) * 3]


def test_a_thread_begins_outside_unless_it_is_given_the_context(recorder, sink):
    @recorder.tool
    def search(q):
        return q

    with recorder.run("job"):
        context = contextvars.copy_context()
        for target, args in ((search, ("alone",)), (context.run, (search, "inside"))):
            thread = threading.Thread(target=target, args=args)
            thread.start()
            thread.join()
    by_run = {}
    for record in sink.records:
        if record["ev"] == "tool.start":
            by_run[record["args"]["q"]] = record["run"]
    job = next(r["run"] for r in sink.records if r.get("name") == "job")
    assert (by_run["inside"] == job, by_run["alone"] == job) == (True, False)


def test_a_generator_is_open_while_it_is_read_and_what_its_reader_does_is_not_inside_of_it(recorder, sink):
    @recorder.tool
    def inner(q):
        return q

    @recorder.tool
    def pages(n):
        for i in range(n):
            inner(f"in {i}")
            got = yield f"page {i} "
            assert got == (None if i else "sent")
        return "end"

    with recorder.run("job"):
        generator = pages(2)
        assert [r["ev"] for r in sink.records] == ["log.open", "run.start"]  # as it has not begun
        assert next(generator) == "page 0 "
        inner("reader")
        assert generator.send("sent") == "page 1 "
        with pytest.raises(StopIteration) as stopped:
            next(generator)
        assert stopped.value.value == "end"
    assert inspect.isgeneratorfunction(pages)
    found = [step[:2] + step[4:] for step in steps(sink)][1:]
    assert found == [
        (1, 0, {"n": 2}, {"items": "page 0 page 1 ", "result": "end"}),
        (2, 1, {"q": "in 0"}, "in 0"),
        (3, 0, {"q": "reader"}, "reader"),
        (4, 1, {"q": "in 1"}, "in 1"),
    ]


@pytest.mark.parametrize("how", ["thrown into and handled", "thrown into", "closed", "thrown away"])
def test_what_is_done_to_a_generator_is_done_to_the_functions_own(recorder, sink, how):
    seen = []

    @recorder.tool
    def numbers():
        try:
            yield 1
        except KeyError as error:
            if how == "thrown into":
                raise
            seen.append(error)
            yield 2
        finally:
            seen.append("finally")

    generator = numbers()
    assert next(generator) == 1
    error = KeyError("k")
    if how == "thrown into and handled":
        assert generator.throw(error) == 2
        assert list(generator) == []
        assert seen == [error, "finally"]
    elif how == "thrown into":
        with pytest.raises(KeyError):
            generator.throw(error)
    else:
        generator.close() if how == "closed" else None
        del generator
        assert seen == ["finally"]
    (end,) = [r for r in sink.records if r["ev"] == "tool.end"]
    status = {"thrown into and handled": None, "thrown into": "error"}.get(how, "abandoned")
    assert (end.get("status"), end.get("result")) == (status, [1, 2] if status is None else None)


async def test_an_asynchronous_generator_is_told_alike(recorder, sink):
    seen = []

    @recorder.tool
    async def inner(q):
        return q

    @recorder.llm("gpt-x")
    async def stream(prompt):
        try:
            for word in ("one ", "two"):
                await inner(word)
                got = yield word
                seen.append(got)
        except KeyError:
            yield "handled"
        finally:
            seen.append("finally")

    async with recorder.run("job"):
        words = stream("hi")
        assert await anext(words) == "one "
        await inner("reader")
        assert await words.asend("sent") == "two"
        assert [word async for word in words] == []
        thrown = stream("again")
        await anext(thrown)
        assert await thrown.athrow(KeyError("k")) == "handled"
        await thrown.aclose()
    assert inspect.isasyncgenfunction(stream)
    assert seen == ["sent", None, "finally", "finally"]
    ends = [
        (r.get("status"), r.get("message", {}).get("content"), "ttft_ms" in r)
        for r in sink.records
        if r["ev"] == "llm.end"
    ]
    assert ends == [(None, "one two", True), ("abandoned", None, True)]
    assert [r.get("parent", 0) for r in sink.records if r["ev"] == "tool.start"] == [1, 0, 1, 5]


def test_of_a_generator_without_end_only_the_beginning_is_kept(recorder, sink):
    @recorder.tool
    def numbers():
        yield from range(3000)

    assert sum(1 for _ in numbers()) == 3000
    (end,) = [r for r in sink.records if r["ev"] == "tool.end"]
    assert (len(end["result"]), end["result"][:2], end["result"][-1]) == (901, [0, 1], "… 2100 more items")


def test_a_retriever_is_told_its_query_and_documents_and_a_model_its_messages_and_answer(recorder, sink):
    @recorder.retriever
    def find(query, k=2):
        return [{"id": "d", "content": "c"}]

    @recorder.llm("gpt-x")
    def ask(messages):
        recorder.current.set(usage={"input_tokens": 3})
        return "yo"

    with recorder.run("r"):
        find("tea")
        ask([{"role": "user", "content": "hi"}])
    assert steps(sink)[1:] == [
        (1, 0, "retriever", "find", "tea", [{"id": "d", "content": "c"}]),
        (2, 0, "llm", None, "1", {"m": 2, "role": "assistant", "content": "yo"}),
    ]
    assert sink.records[-1]["totals"]["input_tokens"] == 3


def test_when_the_recorder_is_closed_the_functions_go_on_unrecorded(sink):
    recorder = steplog.Recorder(sink=sink)

    @recorder.tool
    def search(q):
        return q

    @recorder.run
    def pages():
        yield search("a")

    @recorder.tool
    async def later():
        return 1

    @recorder.tool
    async def stream():
        yield 1

    recorder.close()
    before = len(sink.records)

    async def all_of_it():
        return [n async for n in stream()]

    assert (search("b"), list(pages()), asyncio.run(later()), asyncio.run(all_of_it())) == (
        "b",
        ["a"],
        1,
        [1],
    )
    assert len(sink.records) == before


def test_two_recorders_nest_each_by_itself(sink):
    other = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as one, steplog.Recorder(sink=other) as two:
        with one.run("a"), two.run("b"), one.tool("t"), two.tool("u"):
            assert (one.current.name, two.current.name) == ("t", "u")
    for lines in (sink, other):
        assert len({r["run"] for r in lines.records if "run" in r}) == 1


def test_what_is_left_in_another_context_leaves_no_step_behind(recorder, sink):
    step = recorder.run("r").__enter__()
    contextvars.copy_context().run(step.__exit__, None, None, None)
    assert recorder.current is None
    with recorder.tool("t"):
        pass
    assert len({r["run"] for r in sink.records if "run" in r}) == 2


def test_what_happens_outside_of_all_runs_is_said(recorder, sink, capsys):
    with recorder.run("r"):
        recorder.custom("inside", 1)
        recorder.retry(2, error="x")
    recorder.custom("outside", 1)
    recorder.retry(3)
    assert [r.get("name") for r in sink.records if r["ev"].endswith(".point")] == ["inside", None]
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"steplog: {what}() outside of all runs is not in the log" for what in ("custom", "retry")
    ]
    assert [r["where"] for r in sink.records if r["ev"] == "log.error"] == ["custom", "retry"]


def test_what_is_set_after_the_end_is_said_and_does_not_get_into_the_next_use(recorder, sink, capsys):
    key = "sk-proj-" + "Ab3" * 12
    with recorder.run("r") as run:
        step = run.tool(f"t {key}")
        with step as call:
            call.set(result=1)
        call.set(result=2)
        with step:
            pass
    assert [r.get("result") for r in sink.records if r["ev"] == "tool.end"] == [1, None]
    said = capsys.readouterr().err
    assert "set() of tool 't [masked:openai_key]', which ended before: it is not in the log" in said
    assert key not in said
    assert key.encode() not in b"".join(sink.lines)


def test_a_run_that_is_entered_again_is_another_run(recorder, sink):
    run = recorder.run("r")
    ids = []
    for n in range(2):
        with run:
            run.set(output=n)
            ids.append(run.id)
            assert run.totals == {}
    starts = [r for r in sink.records if r["ev"] == "run.start"]
    assert [r["id"] for r in starts] == [str(one) for one in ids]
    assert len({r["run"] for r in starts}) == 2
    assert [r["output"] for r in sink.records if r["ev"] == "run.end"] == [0, 1]


def test_a_run_inside_of_a_run_says_where_it_is(recorder, sink):
    @recorder.run
    def inner():
        return 1

    with recorder.run("outer") as outer:
        inner()
        with recorder.tool("t"):
            inner()
        with recorder.run("told", parent_run="0" * 16, parent_step=7):
            pass
    found = [(r.get("parent_run"), r.get("parent_step")) for r in sink.records if r["ev"] == "run.start"][1:]
    assert found == [(outer.id.hex[16:], None), (outer.id.hex[16:], 1), ("0" * 16, 7)]


async def test_everything_that_is_a_with_is_an_async_with(sink, tmp_path):
    async with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run, run.tool("t") as call:
        call.set(result=1)
    async with steplog.recording(tmp_path / "log") as rec:
        assert rec.path == str(tmp_path / "log")
    assert [r["ev"] for r in sink.records] == [
        "log.open",
        "run.start",
        "tool.start",
        "tool.end",
        "run.end",
        "log.close",
    ]
