"""A run can be looked at in 80 columns, however long; what repeats is folded, and a bar says when each step was at work."""

import contextlib
import os
import socket
import time

import pytest

import steplog
from sample_log import Lines, begun
from steplog._format.process import boot_id
from steplog._show.look import ASCII, PLAIN
from steplog._show.outline import failing, of_kinds, outline
from steplog._show.run_tree import Part, run_lines, tree_lines
from steplog._show.table import bar
from steplog._show.terminal_text import cells_of
from steplog._show.units import dollars
from steplog._show.waterfall import Waterfall

NARROW = PLAIN._replace(columns=80)
BARS = PLAIN._replace(has_bars=True)


def record(path, program):
    with (
        steplog.Recorder(path) as recorder,
        contextlib.suppress(ValueError),
        recorder.run("r", input="go " * 100) as run,
    ):
        program(run)
    return steplog.read(path).run("@last")


def step_numbers(lines):
    return [int(line.split()[0]) for line in lines if line.split()[:1] and line.split()[0].isdecimal()]


def call(place, turn, text):
    with place.llm(
        model="a-model-with-quite-a-long-name-2026-11",
        provider="openai",
        messages=[{"role": "user", "content": text}],
    ) as step:
        usage = {"input_tokens": 20_000 + turn, "output_tokens": 900, "cache_read_tokens": 15_000}
        step.set(message={"role": "assistant", "content": text}, usage=usage)


def test_a_run_of_300_steps_is_readable_in_80_columns(tmp_path):
    def program(run):
        for turn in range(75):
            with run.node("model") as node:
                call(node, turn, f"question {turn}: " + "日本語 words " * 30)
            with run.node("tools") as node:
                with (
                    contextlib.suppress(ValueError),
                    node.tool(f"tool_{turn % 7}", args={"turn": turn, "text": "x" * 300}) as tool,
                ):
                    tool.set(result="y" * 500)
                    if turn == 60:
                        raise ValueError("it broke")

    run = record(tmp_path / "log", program)
    assert len(run.steps) == 300
    lines = list(tree_lines(run, NARROW))
    assert max(map(cells_of, lines)) <= 80
    assert step_numbers(lines) == list(range(1, 301))
    assert any("! ValueError: it broke" in line for line in lines)


def test_a_deep_run_stays_within_its_columns(tmp_path):
    def deeper(place, left):
        with place.agent(f"agent {left}") as agent:
            deeper(agent, left - 1) if left else call(agent, 0, "deep")

    run = record(tmp_path / "log", lambda run: deeper(run, 40))
    assert max(map(cells_of, tree_lines(run, NARROW))) <= 80


def test_the_same_calls_again_are_folded_and_counted(tmp_path):
    def program(run):
        for _ in range(7):
            with run.tool("list_files", args={"folder": "/x"}) as tool:
                tool.set(result="[]")
        with run.tool("stop", args={}):
            pass

    run = record(tmp_path / "log", program)
    lines = list(tree_lines(run, PLAIN))
    assert len(lines) == 3
    assert "this x 7, the same: steps 2 to 7" in lines[1]
    assert len(list(tree_lines(run, PLAIN, Part(fold=False)))) == 8


def test_a_long_row_of_one_tool_with_other_arguments_is_folded_as_alike_and_names_them(tmp_path):
    def program(run):
        for number in range(13):
            with run.tool("read_ticket", args={"n": number}) as tool:
                tool.set(result=f"ticket {number}")

    lines = list(tree_lines(record(tmp_path / "log", program), PLAIN))
    assert len(lines) == 2
    assert "this x 13, alike: steps 2 to 13" in lines[1]
    assert '{"n": 1}, {"n": 2}' in lines[1]


def test_a_stretch_of_several_steps_is_folded_with_all_below_them(tmp_path):
    def program(run):
        for _ in range(3):
            with run.node("model") as node, node.tool("a", args={}):
                pass
            with run.node("tools") as node, node.tool("b", args={}):
                pass

    lines = list(tree_lines(record(tmp_path / "log", program), PLAIN))
    assert len(lines) == 5
    assert "these 2 x 3, the same: steps 5 to 12" in lines[4]


def test_what_failed_is_never_folded_away_as_alike(tmp_path):
    def program(run):
        for number in range(12):
            with contextlib.suppress(ValueError), run.tool("pay", args={"n": number}):
                if number == 6:
                    raise ValueError("refused")

    lines = "\n".join(tree_lines(record(tmp_path / "log", program), PLAIN))
    assert "! ValueError: refused" in lines


def test_failures_of_one_tool_in_a_row_are_all_shown(tmp_path):
    def program(run):
        for number in range(9):
            with contextlib.suppress(ValueError), run.tool("pay", args={"n": number}):
                raise ValueError(f"refused {number}")

    lines = "\n".join(tree_lines(record(tmp_path / "log", program), PLAIN))
    assert all(f"! ValueError: refused {number}" in lines for number in range(9))


def test_only_some_kinds_hang_on_the_next_one_above(tmp_path):
    def program(run):
        with (
            run.node("plan") as node,
            node.agent("a") as agent,
            agent.node("think") as inner,
            inner.tool("t"),
        ):
            pass

    run = record(tmp_path / "log", program)
    found = outline(run, keep=of_kinds(["agent", "tool"]))
    assert {above: [step.name for step in steps] for above, steps in found.items()} == {None: ["a"], 2: ["t"]}


def test_only_what_failed_with_what_is_around_it(tmp_path):
    def program(run):
        with run.node("fine"):
            pass
        with run.node("outer") as node:
            with node.tool("fine too"):
                pass
            with node.tool("breaks"):
                raise ValueError("no")

    run = record(tmp_path / "log", program)
    found = outline(run, keep=failing(run))
    assert [step.name for steps in found.values() for step in steps] == ["outer", "breaks"]


def test_bars_stand_where_the_steps_were_at_work(tmp_path):
    def program(run):
        with run.tool("first"):
            time.sleep(0.05)
        run.custom("between")
        with run.tool("second"):
            time.sleep(0.05)

    run = record(tmp_path / "log", program)
    waterfall = Waterfall(run, BARS)
    first, between, second = (waterfall.bar(step) for step in run.steps)
    assert len(first) == len(between) == len(second) == 11
    assert first.startswith("━━━")
    assert first.rstrip().count("━") + second.strip().count("━") in (10, 11, 12)
    assert second.strip().startswith("━")
    assert second.index("━") >= 4
    assert between.strip() == "·"
    assert set(Waterfall(run, BARS._replace(marks=ASCII)).bar(run.steps[0])) == {"=", " "}


def test_of_a_dead_process_no_bar_claims_that_anything_ran_on(tmp_path):
    lines = begun(host=socket.gethostname(), boot=boot_id(), proc_start=1, pid=os.getpid())
    run = steplog.read(lines.add("custom.point", step=4, name="x").write(tmp_path / "a.jsonl")).run("@last")
    assert run.status == "crashed"
    waterfall = Waterfall(run, BARS)
    assert {waterfall.bar(step).strip() for step in run.in_flight} == {"╾"}


def test_there_are_no_bars_where_they_would_say_nothing_or_nobody_looks(tmp_path):
    run = record(tmp_path / "log", lambda run: call(run, 0, "one"))
    assert Waterfall(run, BARS).cells == 0
    file = Lines().opened().add("run.start", id="x").add("tool.start", step=1).add("tool.start", step=2)
    two = steplog.read(file.write(tmp_path / "a.jsonl")).run("@last")
    assert (Waterfall(two, BARS).cells, Waterfall(two, PLAIN).cells) == (10, 0)


def test_with_bars_the_rows_stay_within_their_columns(tmp_path):
    def program(run):
        for turn in range(3):
            with run.node("model") as node:
                call(node, turn, "words " * 50)

    look = BARS._replace(columns=100)
    lines = list(tree_lines(record(tmp_path / "log", program), look))
    assert any("━" in line for line in lines)
    assert max(map(cells_of, lines)) <= 100


def test_tokens_nobody_told_are_unknown_and_counted(tmp_path):
    def program(run):
        for _ in range(2):
            with run.llm(model="m", messages=[{"role": "user", "content": "hi"}]) as step:
                step.set(message={"role": "assistant", "content": "hello"})
        call(run, 0, "told")

    lines = list(run_lines(record(tmp_path / "log", program), PLAIN))
    assert sum("?/? tokens" in line for line in lines) == 2
    assert lines[-1].endswith(", 2 calls without usage")


def test_steps_say_what_they_used_how_much_was_cached_and_what_it_cost(tmp_path):
    run = record(tmp_path / "log", lambda run: (call(run, 0, "one"), call(run, 0, "two")))
    wide = list(run_lines(run, PLAIN, Part(price=lambda _: "$0.01")))
    assert "20.0k/900 tokens, 75% cached, $0.01" in "\n".join(wide)
    narrow = list(run_lines(run, NARROW, Part(price=lambda _: "$0.01")))
    assert "20.0k/900 75%c $0.01" in "\n".join(narrow)


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (None, "-"),
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.0344, "$0.034"),
        (0.000683, "$0.00068"),
        (1e-9, "<$0.000001"),
        (2, "$2.00"),
    ],
)
def test_a_price_has_digits_that_say_something(cost, shown):
    assert dollars(cost) == shown


def test_a_bar_shows_anything_above_nothing():
    assert [cells_of(bar(share, 10)) for share in (0, 0.001, 0.5, 1, 7)] == [0, 1, 5, 10, 10]
    assert bar(0.5, 10, ascii_only=True) == "#####"
