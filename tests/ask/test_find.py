"""Each word of a query finds the runs it means, and no others."""

import contextlib
import time

import pytest

import steplog
from steplog import ask


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("find") / "logs"
    with steplog.Recorder(path) as recorder:
        with recorder.run(
            "Support",
            input="Where is my order?",
            thread="t1",
            tags=["prod"],
            metadata={"user": "u-17", "n": 3},
        ) as run:
            with run.llm(
                model="gpt-4o", provider="openai", messages=[{"role": "user", "content": 'Grüße, "Olga"'}]
            ) as call:
                call.set(
                    message={"role": "assistant", "content": "on it"},
                    usage={"input_tokens": 10_000, "output_tokens": 20},
                    finish_reason="max_tokens",
                )
            with run.tool("search", args={"q": "order"}):
                time.sleep(0.02)
        with (
            contextlib.suppress(ValueError),
            recorder.run("support", thread="t12", metadata={"user": "u-2"}) as run,
        ):
            with run.llm(model="claude-sonnet-4-5", provider="anthropic") as call:
                call.set(usage={"input_tokens": 5, "output_tokens": 5}, finish_reason="end_turn")
            with run.tool("search_web"):
                pass
            with run.tool("refund", args={"order": 1017}):
                raise ValueError("quota exceeded")
        with recorder.run("report", tags=["dev"]) as run, run.tool("refund"):
            pass
    return steplog.read(path)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", ["Support", "support", "report"]),
        ("status:error", ["support"]),
        ("status:error,ok", ["Support", "support", "report"]),
        ("name:SUPP", ["Support", "support"]),
        ("thread:t1", ["Support"]),
        ("thread:t1*", ["Support", "support"]),
        ("model:gpt", ["Support"]),
        ("model:gpt,claude", ["Support", "support"]),
        ("model:gpt model:claude", []),
        ("tool:search", ["Support"]),
        ("tool:search*", ["Support", "support"]),
        ("tool:refund", ["support", "report"]),
        ("tool:refund tool:search_web", ["support"]),
        ("tool:refund tool-failed:yes", ["support"]),
        ("tool:search tool-failed:yes", []),
        ("tool-failed:yes", ["support"]),
        ("tag:prod", ["Support"]),
        ("tag:prod,dev", ["Support", "report"]),
        ("meta:user=u-17", ["Support"]),
        ("meta:user=u-*", ["Support", "support"]),
        ("meta:n=3", ["Support"]),
        ("error:QUOTA", ["support"]),
        ("error:ValueError", ["support"]),
        ("finish:cut", ["Support"]),
        ("finish:end_turn", ["support"]),
        ("1017", ["support"]),
        ('"my order"', ["Support"]),
        ('"Grüße, \\"Olga\\""', ["Support"]),
        ("min-ms:15", ["Support"]),
        ("min-tokens:11", ["Support"]),
        ("min-tokens:10", ["Support", "support"]),
        ("since:1h", ["Support", "support", "report"]),
        ("until:1h", []),
        ("since:2126-01-01", []),
        ("status:ok tool:refund", ["report"]),
        ("-status:ok", ["support"]),
        ("-status:ok,error", []),
        ("-tool:refund", ["Support"]),
        ("-model:gpt tool:refund -tag:dev", ["support"]),
        ("-tool-failed:yes", ["Support", "report"]),
        ('-"my order" -min-tokens:1', ["report"]),
        ("-since:1h", []),
    ],
)  # fmt: skip
def test_a_word_finds_the_runs_it_means(log, line, names):
    assert [run.name for run in ask.find(log, ask.parse(line))] == names


def test_what_a_run_cost_can_be_asked_for(log):
    pytest.importorskip("genai_prices")
    assert [run.name for run in ask.find(log, ask.parse("min-cost:0.001"))] == ["Support"]


def test_looking_into_runs_keeps_none_of_their_content(log):
    log = steplog.read(log.path)
    before = [set(vars(run)) for run in log.runs]
    assert list(ask.find(log, ask.parse("meta:user=u-2 tool-failed:yes")))
    assert [set(vars(run)) for run in log.runs] == before


def test_a_listing_sorts_and_adds_up(log):
    rows = ask.listing(log, sort="in", limit=2).rows
    assert [row.run.name for row in rows] == ["support", "Support"]
    sums = ask.listing(log).sums
    assert sums.runs == 3
    assert sums.counts["input_tokens"] == 10_005
    assert sums.counts["errors"] == 1
    with pytest.raises(ask.QueryError, match="nothing can be sorted by 'size'"):
        ask.listing(log, sort="size")
