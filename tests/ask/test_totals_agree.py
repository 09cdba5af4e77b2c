"""Every way to add a log up gives the same: stats, SQL, cost, the reader, and the runs' own totals, whatever is damaged."""

import shutil
from collections import Counter
from copy import copy
from decimal import Decimal

import orjson
import pytest
from damages import DAMAGES

import steplog
from steplog import ask
from steplog._ask.run_costs import costs_of_runs
from steplog._ask.spending import run_cost, spending_of
from steplog._ask.tables.columns import COUNTS, TOKENS

pytest.importorskip("duckdb")
SUMMED = (*COUNTS, *TOKENS)


@pytest.fixture(params=DAMAGES, ids=lambda damage: damage.__name__)
def log(request, busy, tmp_path):
    path = tmp_path / "logs"
    shutil.copytree(busy, path)
    request.param(path)
    return steplog.read(path)


def number(value):
    return value if isinstance(value, int) else 0


def by_the_reader(log):
    """What the reader's runs say of themselves."""
    totals = Counter()
    for run in log.runs:
        totals.update({name: number(run.totals.get(name)) for name in SUMMED})
    return totals


def of_steps(log):
    """What the reader's steps add up to."""
    tokens, cost, calls = Counter(), Decimal(0), Counter()
    for each in log.runs:
        run = copy(each)
        cost += spending_of(run.steps).cost
        for step in run.steps:
            calls[step.kind] += 1
            if not step.fields.get("cached"):
                tokens.update({name: number(step.usage.get(name)) for name in TOKENS})
    return tokens, cost, calls


def test_the_view_of_runs_says_what_the_reader_says(log):
    rows = ask.sql(log, "SELECT * FROM runs").as_json()
    seen, expected = Counter(), {}
    for run in log.runs:
        seen[run.id] += 1
        expected[run.id, seen[run.id]] = run
    assert {(row["run"], row["nth"]) for row in rows} == set(expected)
    for row in rows:
        run = expected[row["run"], row["nth"]]
        assert row["status"] == run.status
        assert (row["name"] or "") == run.name
        assert (row["thread"] or "") == run.thread
        assert row["ms"] == pytest.approx(run.ms, abs=0.001)
        assert set(row["models"] or ()) == set(run.totals.get("models", ()))
        assert {name: row[name] for name in SUMMED} == {name: number(run.totals.get(name)) for name in SUMMED}


def test_sums_of_runs_agree_to_the_digit(log):
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in SUMMED)
    row = ask.sql(log, f"SELECT {sums} FROM runs").as_json()[0]
    assert row == dict(by_the_reader(log))
    assert ask.listing(log).sums.counts["input_tokens"] == row["input_tokens"]


def test_sums_of_steps_agree_to_the_digit(log):
    tokens, cost, calls = of_steps(log)
    sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT AS {name}" for name in TOKENS)
    row = ask.sql(log, f"SELECT {sums} FROM llm_calls").as_json()[0]
    assert row == {name: tokens[name] for name in TOKENS}
    kinds = {
        row["kind"]: row["n"]
        for row in ask.sql(log, "SELECT kind, count(*) AS n FROM steps GROUP BY kind").as_json()
    }
    assert kinds == dict(calls)
    for by in ((), ("name",), ("model",), ("meta.user", "status")):
        figures = ask.stats(log, by)
        assert figures.total.tokens == {name: tokens[name] for name in TOKENS}
        assert figures.total.cost == cost
        grouped = figures.groups or (figures.total,)
        assert sum(group.cost or 0 for group in grouped) == cost
        assert sum(group.tokens["input_tokens"] for group in grouped) == tokens["input_tokens"]
    assert ask.cost(log).total.cost == cost


def test_the_cost_of_each_run_is_the_same_read_and_added_up(log):
    costs = costs_of_runs(log, many=0)
    for run in log.runs:
        assert costs(run) == run_cost(copy(run))


def test_errors_agree(log):
    steps = sum(
        1
        for run in log.runs
        for step in copy(run).steps
        if step.status == "error" and "step" not in (step.error or {})
    )
    assert ask.stats(log).total.errors == steps
    listed = [each for each in ask.errors(log) if each.kind != "run"]
    assert sum(each.count for each in listed) == steps
    row = ask.sql(log, "SELECT count(*) AS n FROM errors WHERE kind <> 'run'").as_json()[0]
    assert row["n"] == steps


def test_a_whole_log_has_the_totals_that_its_run_ends_say(busy):
    written = Counter()
    for file in busy.glob("*.jsonl"):
        for line in file.read_bytes().splitlines():
            record = orjson.loads(line)
            if record["ev"] == "run.end":
                written.update({name: number(record["totals"].get(name)) for name in SUMMED})
    ended = [run for run in steplog.read(busy).runs if run.status != "crashed"]
    ids = {run.id for run in ended}
    figures = ask.stats(steplog.read(busy), runs=ids).total
    assert figures.tokens == {name: written[name] for name in TOKENS}
    assert figures.errors == written["errors"]
