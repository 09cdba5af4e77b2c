"""Two runs are compared by what they did, not by when, in which log, or with which framework."""

import pytest

import steplog
from steplog import ask


def record(
    path,
    turns,
    *,
    name="r",
    question="How long?",
    model="m-1",
    read=100,
    answer="2850 km",
    node=False,
    status=None,
):
    """A run that calls tools and then answers; gives it as read back."""
    with steplog.Recorder(path) as recorder, recorder.run(name, input=question) as run:
        messages = [{"role": "user", "content": question}]
        for at, (tool_name, args, result) in enumerate(turns):
            asked = {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": f"{name}-{at}", "name": tool_name, "args": args}],
            }
            _step(run, node, lambda place, asked=asked: _call(place, messages, asked, model, read))
            messages.append(asked)
            _step(run, node, lambda place, at=at: _tool(place, tool_name, args, result, f"{name}-{at}"))  # noqa: B023
            messages.append({"role": "tool", "content": result, "tool_call_id": f"{name}-{at}"})
        _call(run, messages, {"role": "assistant", "content": answer}, model, read)
        run.set(output=answer, status=status)
    return steplog.read(path).run("@last")


def _step(run, node, work):
    if node:
        with run.node("model") as place:
            work(place)
    else:
        work(run)


def _call(place, messages, answer, model, read):
    with place.llm(model=model, messages=list(messages)) as call:
        call.set(message=answer, usage={"input_tokens": read, "output_tokens": 5})


def _tool(place, name, args, result, call_id):
    with place.tool(name, args=args, call_id=call_id) as tool:
        tool.set(result=result)


SEARCH = ("search", {"q": "Danube", "n": 1}, "2850")


@pytest.fixture
def logs(tmp_path):
    return lambda name, turns, **given: record(tmp_path / name, turns, name=name, **given)


def test_runs_that_did_the_same_at_other_times_with_other_ids_and_nodes_are_the_same(logs):
    found = ask.diff(
        logs("a", [SEARCH]), logs("b", [("search", {"n": 1, "q": "Danube"}, "2850")], node=True, read=900)
    )
    assert found.same
    assert found.first is None
    assert not any(pair.differs for pair in found.pairs)
    assert {each.name: (each.a, each.b) for each in found.totals}["input_tokens"] == (200, 1800)


@pytest.mark.parametrize(
    ("turns", "given", "what", "sides"),
    [
        ([SEARCH], {"question": "How wide?"}, "input", ("How long?", "How wide?")),
        ([SEARCH], {"model": "m-2"}, "model", ("m-1", "m-2")),
        ([("lookup", {"q": "Danube", "n": 1}, "2850")], {}, "calls", None),
        ([("search", {"q": "Rhine", "n": 1}, "2850")], {}, "calls", None),
        ([("search", {"q": "Danube", "n": 1}, "1230")], {}, "result", ("2850", "1230")),
        ([SEARCH, SEARCH], {}, "calls", None),
        ([SEARCH], {"answer": "long"}, "answer", ("2850 km", "long")),
        ([SEARCH], {"status": "cancelled"}, "status", ("ok", "cancelled")),
    ],
)
def test_the_first_difference_is_named_with_both_sides(logs, turns, given, what, sides):
    found = ask.diff(logs("a", [SEARCH]), logs("b", turns, **given))
    assert not found.same
    assert found.first.what == what
    if sides:
        assert (found.first.a_said, found.first.b_said) == sides


def test_the_same_answer_with_another_call_of_the_tool_differs_in_its_arguments(tmp_path):
    for name, query in (("a", "Danube"), ("b", "Rhine")):
        with (
            steplog.Recorder(tmp_path / name) as recorder,
            recorder.run("r") as run,
            run.tool("search", args={"q": query}),
        ):
            pass
    found = ask.diff(*(steplog.read(tmp_path / name).run("@last") for name in "ab"))
    assert found.first.what == "arguments"
    assert (found.first.a_said, found.first.b_said) == ('search({"q": "Danube"})', 'search({"q": "Rhine"})')


def test_a_step_that_only_one_has_is_missing_and_what_follows_is_aligned_again(tmp_path):
    for name, tools in (("a", "xyz"), ("b", "xz")):
        with steplog.Recorder(tmp_path / name) as recorder, recorder.run("r") as run:
            for tool in tools:
                with run.tool(tool, args={}):
                    pass
    found = ask.diff(*(steplog.read(tmp_path / name).run("@last") for name in "ab"))
    assert [(pair.a, pair.b, pair.differs) for pair in found.pairs] == [
        (1, 1, ()),
        (2, None, ("missing",)),
        (3, 2, ()),
    ]
    assert (found.first.a_said, found.first.b_said) == ("y({})", "(not there)")


def test_the_calls_that_make_it_dearer_come_first(logs):
    pytest.importorskip("genai_prices")
    a = logs("a", [SEARCH], model="gpt-4o", read=100)
    b = logs("b", [SEARCH], model="gpt-4o", read=50_000)
    assert [(each.a, each.b) for each in ask.diff(a, b).dearer] == [(1, 1), (3, 3)]


def test_a_langgraph_agent_and_a_plain_program_that_do_the_same_are_the_same(tmp_path):
    pytest.importorskip("langchain")
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.tools import tool

    from langchain_steplog import StepLogHandler

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools, **_):
            return self

    @tool
    def search(q: str, n: int) -> str:
        """Search."""
        return "2850"

    answers = [
        AIMessage("", tool_calls=[{"name": "search", "args": SEARCH[1], "id": "x1"}]),
        AIMessage("2850 km"),
    ]
    agent = create_agent(Model(messages=iter(answers)), [search])
    agent.invoke({"messages": [("user", "How long?")]}, {"callbacks": [StepLogHandler(tmp_path / "graph")]})
    graph = steplog.read(tmp_path / "graph").run("@last")
    plain = record(tmp_path / "plain", [SEARCH], model="")
    found = ask.diff(graph, plain)
    assert found.first is None, found.as_json()
    assert (
        ask.diff(graph, record(tmp_path / "other", [SEARCH], model="", answer="no idea")).first.what
        == "answer"
    )


def test_two_prompts_are_compared_message_by_message(logs):
    run = logs("a", [SEARCH])
    found = ask.prompt_diff(run.step(1), run.step(3))
    assert [(each.change, each.a, each.b, each.role) for each in found.messages] == [
        ("same", 1, 1, "user"),
        ("added", None, 2, "assistant"),
        ("added", None, 3, "tool"),
    ]
    assert ask.prompt_diff(run.step(1), run.step(1)).same


def test_a_changed_message_shows_the_lines_that_differ(tmp_path):
    for name, rule in (("a", "be short"), ("b", "be long")):
        with steplog.Recorder(tmp_path / name) as recorder, recorder.run("r") as run:
            with run.llm(
                model="m", messages=[{"role": "system", "content": f"You help.\n{rule}\nThat is all."}]
            ):
                pass
    a, b = (steplog.read(tmp_path / name).run("@last").step(1) for name in "ab")
    (change,) = ask.prompt_diff(a, b).messages
    assert change.change == "changed"
    assert {"-be short", "+be long"} <= set(change.text.split("\n"))
