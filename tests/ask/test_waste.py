"""Loops and waste are found; what only looks like a loop is not."""

import contextlib
from pathlib import Path

import pytest

import steplog
from sample_log import Lines
from steplog import ask


@pytest.fixture
def recorded(tmp_path: Path):
    """Records a run with a function, and gives the kinds of waste in it."""

    def record(program, **run_fields):
        with steplog.Recorder(tmp_path / "log") as recorder, contextlib.suppress(ValueError):
            with recorder.run("r", **run_fields) as run:
                program(run)
        return ask.waste(steplog.read(tmp_path / "log").run("@last"))

    return record


class Chat:
    """A model that asks for tools, and is shown what they gave."""

    def __init__(self, run, *, read=0, cached=0):
        self.run, self.messages, self.turn = run, [{"role": "user", "content": "go"}], 0
        self.read, self.cached = read, cached

    def ask(self, *calls, text="", cached=None, fresh=True):
        self.turn += 1
        asked = [
            {"id": f"c{self.turn}-{at}", "name": name, "args": args} for at, (name, args) in enumerate(calls)
        ]
        answer = {"role": "assistant", "content": text}
        if asked:
            answer["tool_calls"] = asked
        with self.run.llm(model="m-1", messages=list(self.messages)) as call:
            read = self.read and self.read + 100 * self.turn
            usage = {
                "input_tokens": read,
                "output_tokens": 5,
                "cache_read_tokens": self.cached if cached is None else cached,
            }
            call.set(message=answer, usage=usage if read else None)
        self.messages.append(answer)

    def tool(self, name, args, result, *, shown=True, at=0, fails=None):
        with (
            contextlib.suppress(ValueError if fails else ()),
            self.run.tool(name, args=args, call_id=f"c{self.turn}-{at}") as tool,
        ):
            message = {"role": "tool", "content": result, "tool_call_id": f"c{self.turn}-{at}"}
            if fails:
                raise ValueError(fails)
            tool.set(message=message)
        if shown and not fails:
            self.messages.append(message)


def kinds(found):
    return [each.kind for each in found]


def test_one_tool_with_the_same_arguments_and_the_same_result_three_times(recorded):
    def program(run):
        chat = Chat(run)
        for _ in range(3):
            chat.ask(("list_files", {"folder": "/x"}))
            chat.tool("list_files", {"folder": "/x"}, "[]")
        chat.ask(text="none")

    (found,) = recorded(program)
    assert (found.kind, found.steps) == ("repeated_call", (2, 4, 6))
    assert found.sentence == 'list_files({"folder": "/x"}) 3 times with the same result'


@pytest.mark.parametrize("results", [["pending", "pending", "done"], ["1", "2", "3"], ["a", "a"]])
def test_a_polling_tool_whose_results_differ_is_no_loop(recorded, results):
    def program(run):
        chat = Chat(run)
        for result in results:
            chat.ask(("status", {"job": 1}))
            chat.tool("status", {"job": 1}, result)
        chat.ask(text="done")

    assert recorded(program) == ()


def test_the_order_of_the_arguments_does_not_matter_and_other_arguments_are_another_call(recorded):
    def program(run):
        for args in (
            {"a": 1, "b": 2},
            {"b": 2, "a": 1},
            {"a": 1, "b": 2},
            {"a": 9, "b": 2},
            {"a": 8},
            {"a": 7},
        ):
            with run.tool("t", args=args) as tool:
                tool.set(result="same")

    (found,) = recorded(program)
    assert found.steps == (1, 2, 3)


def test_calls_of_agents_beside_each_other_are_no_loop_of_one(recorded):
    def program(run):
        for _ in range(3):
            with run.agent("worker") as agent, agent.tool("read_notes", args={"page": 1}) as tool:
                tool.set(result="the same notes")

    assert recorded(program) == ()


def test_two_calls_in_turn(recorded):
    def program(run):
        for _ in range(3):
            for name in ("open", "close"):
                with run.tool(name, args={"door": 1}) as tool:
                    tool.set(result="ok")

    (found,) = recorded(program)
    assert (found.kind, found.steps) == ("alternating_calls", (1, 2, 3, 4, 5, 6))


def test_two_calls_in_turn_that_say_something_new_are_none(recorded):
    def program(run):
        for turn in range(4):
            for name in ("read", "think"):
                with run.tool(name, args={"page": turn}) as tool:
                    tool.set(result=f"page {turn}")

    assert recorded(program) == ()


def test_one_error_again_and_again(recorded):
    def program(run):
        for number in range(3):
            with contextlib.suppress(ValueError), run.tool("pay", args={"order": number}):
                raise ValueError(f"order {number} was refused")

    (found,) = recorded(program)
    assert (found.kind, found.steps) == ("repeated_error", (1, 2, 3))
    assert "order <n> was refused" in found.sentence


def test_prompts_that_grow_while_nothing_new_is_said(recorded):
    def program(run):
        chat = Chat(run, read=100)
        chat.ask(text="I shall think.")
        for _ in range(4):
            chat.messages.append({"role": "user", "content": "go"})
            chat.ask(text="I shall think.")

    (found,) = recorded(program)
    assert found.kind == "standstill"
    assert found.tokens > 0


def test_a_conversation_that_goes_on_is_no_standstill(recorded):
    def program(run):
        chat = Chat(run)
        for turn in range(6):
            chat.messages.append({"role": "user", "content": f"question {turn}"})
            chat.ask(text="Yes.")

    assert recorded(program) == ()


def test_a_cache_missed_though_the_prompt_began_as_the_one_before(recorded):
    def program(run):
        chat = Chat(run, read=5_000)
        for cached in (0, 4_000, 0, 4_500):
            chat.ask(text=f"answer {cached}{chat.turn}", cached=cached)
            chat.messages.append({"role": "user", "content": f"more {chat.turn}"})

    (found,) = recorded(program)
    assert (found.kind, found.steps, found.tokens) == ("cache_missed", (3,), 5_300)


def test_no_cache_is_missed_where_none_is_there_or_the_prompt_is_another_one(recorded):
    def never_cached(run):
        chat = Chat(run, read=5_000)
        for _ in range(4):
            chat.ask(text=f"answer {chat.turn}")
            chat.messages.append({"role": "user", "content": f"more {chat.turn}"})

    def trimmed(run):
        chat = Chat(run, read=5_000)
        for cached in (0, 4_000, 0):
            chat.ask(text=f"answer {chat.turn}", cached=cached)
            chat.messages = [{"role": "user", "content": f"another {chat.turn}"}, *chat.messages]

    assert recorded(never_cached) == ()
    assert recorded(trimmed) == ()


def test_a_result_that_no_model_was_shown(recorded):
    def program(run):
        chat = Chat(run)
        chat.ask(("search", {"q": "a"}), ("search", {"q": "b"}))
        chat.tool("search", {"q": "a"}, "found a")
        chat.tool("search", {"q": "b"}, "found b", shown=False, at=1)
        chat.ask(text="a")

    (found,) = recorded(program)
    assert (found.kind, found.steps) == ("unused_result", (3,))


def test_a_result_that_the_program_returns_or_that_comes_last_is_used(recorded):
    def program(run):
        chat = Chat(run)
        chat.ask(text="first")
        chat.ask(("search", {"q": "a"}))
        chat.tool("search", {"q": "a"}, "found a", shown=False)

    assert recorded(program) == ()


def test_a_result_of_a_call_that_the_program_makes_by_itself_may_be_used_by_the_program(recorded):
    def program(run):
        chat = Chat(run)
        with run.tool("load", args={"page": 1}) as tool:
            tool.set(message={"role": "tool", "content": "page 1"})
        chat.ask(text="fine")

    assert recorded(program) == ()


def test_no_cache_is_missed_after_minutes(tmp_path):
    lines = Lines().opened().add("run.start", id="x", name="r")
    for turn, cached in enumerate((0, 4_000, 0)):
        lines.second = (1, 2, 59)[turn]
        new = [{"m": turn + 1, "role": "user", "content": f"question {turn}"}]
        lines.add("llm.start", step=turn + 1, model="m", prompt=f"1-{turn + 1}", messages=new)
        lines.add("llm.end", step=turn + 1, ms=1, usage={"input_tokens": 5_000, "cache_read_tokens": cached})
    assert kinds(ask.waste(steplog.read(lines.write(tmp_path / "a.jsonl")).run("@last"))) == ["cache_missed"]
    for record in lines.records[-2:]:
        record["ts"] = record["ts"].replace("03:12", "03:18")
    assert ask.waste(steplog.read(lines.write(tmp_path / "a.jsonl")).run("@last")) == ()


def test_waste_is_shown_in_ls_show_and_postmortem(tmp_path):
    from click.testing import CliRunner

    from steplog._cli.main import steplog as cli

    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        for _ in range(4):
            with run.tool("list_files", args={"folder": "/x"}) as tool:
                tool.set(result="[]")
    for words in (["ls"], ["show", "@last"], ["postmortem", "@last"]):
        shown = CliRunner().invoke(cli, [*words, "-p", str(tmp_path / "log")]).output
        assert ("loop x 4" if words == ["ls"] else "4 times with the same result") in shown
