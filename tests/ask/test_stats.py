"""Figures are grouped by what is asked for, and durations are those of what was grouped."""

import contextlib
import time

import pytest

import steplog
from steplog import ask

pytest.importorskip("duckdb")


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("stats") / "logs"
    with steplog.Recorder(path) as recorder:
        for number in range(4):
            with (
                contextlib.suppress(ValueError),
                recorder.run(
                    "daily", thread=f"t{number % 2}", metadata={"user": {"id": number % 2}, "a/b~c'd": "x"}
                ) as run,
            ):
                with run.node("plan") as node, node.llm(model="gpt-4o", provider="openai") as call:
                    call.first_token()
                    call.set(usage={"input_tokens": 100, "output_tokens": 10})
                with run.tool("analyse") as tool, tool.agent("analyst") as agent, agent.node("think") as node:
                    with node.llm(model="gpt-4o-mini", provider="openai") as call:
                        call.set(usage={"input_tokens": 1_000, "output_tokens": 10})
                    with node.agent("helper") as helper, helper.tool("search"):
                        time.sleep(0.005)
                if number == 3:
                    with run.tool("search"):
                        raise ValueError("no")
        with recorder.run("empty"):
            pass
    return steplog.read(path)


def table(log, *by):
    found = ask.stats(log, by, prices=False)
    return {
        group.group: (group.runs, group.calls, group.errors, group.tokens["input_tokens"])
        for group in found.groups
    }


def test_by_model_only_model_calls_count(log):
    assert table(log, "model") == {("gpt-4o",): (4, 4, 0, 400), ("gpt-4o-mini",): (4, 4, 0, 4000)}


def test_by_tool_only_tool_calls_count(log):
    assert table(log, "tool") == {("analyse",): (4, 4, 0, 0), ("search",): (4, 5, 1, 0)}


def test_a_call_belongs_to_the_nearest_agent_above_it_else_to_the_run(log):
    assert table(log, "agent") == {
        ("daily",): (4, 9, 1, 400),
        ("analyst",): (4, 4, 0, 4000),
        ("helper",): (4, 4, 0, 0),
    }


def test_a_call_belongs_to_the_nearest_node_above_it(log):
    assert table(log, "node") == {
        ("plan",): (4, 4, 0, 400),
        ("think",): (4, 8, 0, 4000),
        (None,): (4, 5, 1, 0),
    }


def test_by_what_a_run_has_all_of_it_counts_and_a_run_without_steps_too(log):
    assert table(log, "name") == {("daily",): (4, 17, 1, 4400), ("empty",): (1, 0, 0, 0)}
    assert table(log, "status") == {("ok",): (4, 12, 0, 3300), ("error",): (1, 5, 1, 1100)}
    assert table(log, "thread", "status")[("t1", "error")] == (1, 5, 1, 1100)


def test_by_metadata_of_any_key(log):
    assert table(log, "meta.a/b~c'd") == {("x",): (4, 17, 1, 4400), (None,): (1, 0, 0, 0)}
    assert ('{"id":1}',) in table(log, "meta.user")


def test_by_error_only_what_failed_counts(log):
    assert table(log, "error", "tool") == {("ValueError", "search"): (1, 1, 1, 0)}


def test_days_and_hours_are_those_in_which_runs_began(log):
    (day,) = {run.started.strftime("%Y-%m-%d") for run in log.runs}
    assert table(log, "day") == {(day,): (5, 17, 1, 4400)}
    assert {hour[:10] for (hour,) in table(log, "hour")} == {day}


def test_durations_are_of_runs_until_calls_are_grouped(log):
    runs, calls = ask.stats(log, ["name"]), ask.stats(log, ["tool"])
    assert (runs.of, calls.of) == ("runs", "calls")
    daily = next(group for group in runs.groups if group.group == ("daily",))
    assert daily.duration.max == pytest.approx(max(run.ms for run in log.runs), abs=0.01)
    search = next(group for group in calls.groups if group.group == ("search",))
    assert 5 <= search.duration.p50 <= search.duration.p95 <= search.duration.p99 <= search.duration.max
    by_model = ask.stats(log, ["model"]).groups
    assert {group.group[0]: group.first_token is not None for group in by_model} == {
        "gpt-4o": True,
        "gpt-4o-mini": False,
    }


def test_the_slowest_and_dearest_runs_are_named(log):
    found = ask.stats(log)
    assert [each.run for each in found.slowest] == [
        run.id for run in sorted(log.runs, key=lambda run: -run.ms)
    ][:3]
    pytest.importorskip("genai_prices")
    assert len(found.dearest) == 3
    assert all(each.value > 0 for each in found.dearest)


def test_only_runs_asked_for_count(log):
    assert ask.stats(log, runs=[log.runs[0].id]).total.runs == 1
    assert ask.stats(log, runs=[]).total.runs == 0


def test_an_unknown_group_is_an_error_with_those_there_are(log):
    with pytest.raises(ask.QueryError, match="did you mean 'model'"):
        ask.stats(log, ["modell"])


def test_an_empty_log_has_figures_of_nothing(tmp_path):
    (tmp_path / "log").mkdir()
    assert ask.stats(steplog.read(tmp_path / "log"), ["model"]).total.calls == 0


def test_a_half_of_a_microsecond_goes_the_same_way_whatever_the_last_bit():
    from math import inf, nextafter

    from steplog._ask.stats import Spread

    half = 60.2105
    below, above = Spread(0, nextafter(half, -inf), 0, 0), Spread(0, nextafter(half, inf), 0, 0)
    assert below.as_json() == above.as_json()
