"""The figures of the page are those of `steplog stats` and `steplog diff`, with a server and in a file."""

from __future__ import annotations

import json
import re

import pytest
from page_tools import embedded, run_cli, serving

import steplog
from steplog import ask

pytest.importorskip("duckdb", reason="the extra `query` is not installed")

TABLES = """() => Object.fromEntries([...document.querySelectorAll('.tile')].filter(t => t.querySelector('table')).map(t =>
  [t.querySelector('h3').firstChild.textContent, [...t.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim()))]))"""


def cli(log, *words: str) -> dict:
    done = run_cli(*words, "-p", str(log), "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def by(log, *names: str) -> list[dict]:
    """What `steplog stats --by … --json` prints, in this process: a test below compares with the command itself."""
    return ask.stats(steplog.read(log), names).as_json()["groups"]


def tables(tab) -> dict[str, list[list[str]]]:
    """What the tables of the stats say, unfolded."""
    tab.wait(lambda: tab.page.query_selector(".tiles.two[aria-busy=false]"), 60)
    for button in tab.page.query_selector_all(".tile .link"):
        button.click()
    return tab.page.evaluate(TABLES)


def ms(value: float) -> str:
    """A duration as page/src/model/units.ts writes it."""
    if value < 1:
        return f"{value:.1f} ms"
    return f"{int(value + 0.5)} ms" if value < 999.5 else f"{value / 1000:.2f} s"


@pytest.fixture(scope="module")
def priced_log(tmp_path_factory):
    """Calls of models that have prices, one of them answered from a cache and one failed."""
    path = tmp_path_factory.mktemp("priced") / "log"
    with steplog.Recorder(path) as recorder:
        for n in range(12):
            with recorder.run(f"run{n % 3}", input=f"question {n}") as run:
                for model in ("gpt-4o", "gpt-4o-mini", "nobodys-own"):
                    with run.llm(
                        model=model, provider="openai", messages=[{"role": "user", "content": "x"}]
                    ) as call:
                        call.set(
                            message={"role": "assistant", "content": "y"},
                            usage={
                                "input_tokens": 1000 + 37 * n,
                                "output_tokens": 90 + n,
                                "cache_read_tokens": 100 * n,
                            },
                        )
    return path


def test_a_servers_tables_say_what_stats_says(tab, served, agents_log):
    opened = tab()
    opened.open(served.link + "#/stats")
    shown = tables(opened)
    for title, kind in (("Model calls", "model"), ("Tool calls", "tool")):
        told = {group[kind]: group for group in by(agents_log, kind)}
        assert {row[0] for row in shown[title]} == set(told)
        for name, calls, _, failed, median, high, *_ in shown[title]:
            group = told[name]
            assert int(calls) == group["calls"]
            assert int(failed.split()[0]) == group["errors"]
            assert (median, high) == (ms(group["ms"]["p50"]), ms(group["ms"]["p95"])), name
    told = {group["name"]: group for group in by(agents_log, "name")}
    ends = {(group["name"], group["status"]): group["runs"] for group in by(agents_log, "name", "status")}
    for name, runs, _, failed, median, high, tokens, *_ in shown["By name"]:
        group, bad = told[name], sum(ends.get((name, status), 0) for status in ("error", "crashed"))
        assert (int(runs), int(failed.split()[0])) == (group["runs"], bad)
        assert (median, high) == (ms(group["ms"]["p50"]), ms(group["ms"]["p95"])), name
        assert tokens in (f"{group['input_tokens']:,}", f"{group['input_tokens'] / 1000:.1f}k")
    opened.clean()


@pytest.mark.parametrize("filtered", ["", "?q=name%3Aresearch"])
def test_a_file_says_the_same_as_the_server_with_a_filter_and_without(tab, served, single_file, filtered):
    pages = []
    for url in (served.link, single_file.as_uri()):
        opened = tab()
        opened.open(f"{url}#/stats{filtered}")
        pages.append(tables(opened))
        opened.clean()
    # How long graph nodes took is no question of `stats`: over many runs the server knows it about.
    nodes = [[row[:4] for row in each.pop("Graph nodes")] for each in pages]
    assert nodes[0] == nodes[1]
    assert pages[0] == pages[1]
    assert len(pages[0]["Tool calls"]) > 2


def test_what_is_asked_of_the_server_is_what_the_command_says_to_the_digit(tab, served, agents_log):
    opened = tab()
    opened.open(served.link)
    opened.wait(lambda: opened.page.query_selector(".rr"))
    for name in ("name", "model", "tool"):
        told = json.loads(opened.page.evaluate(f"fetch('api/stats?by={name}').then(r => r.text())"))
        assert told["groups"] == by(agents_log, name)
    assert told == cli(agents_log, "stats", "--by", "tool")
    for wrong in ("by=secrets", "by=name&runs=" + ",".join(["0" * 16] * 2001)):
        assert opened.page.evaluate(f"fetch('api/stats?{wrong}').then(r => r.status)") == 400


def test_costs_are_those_of_stats(tab, priced_log, tmp_path):
    pytest.importorskip("genai_prices", reason="the extra `query` is not installed")
    run_cli("html", "--last", "50", "-p", str(priced_log), "-o", str(tmp_path / "x.html"))
    told = {group["model"]: group for group in by(priced_log, "model")}
    rows = embedded((tmp_path / "x.html").read_text())[0]["rows"]
    for model, group in told.items():
        found = sum(row["calls"][f"llm {model}"].get("cost", 0) for row in rows)
        assert found == pytest.approx(group.get("cost", 0), rel=1e-12), model
    with serving(priced_log) as server:
        pages = []
        for url in (server.link, (tmp_path / "x.html").as_uri()):
            opened = tab()
            opened.open(f"{url}#/stats")
            shown = tables(opened)
            pages.append({row[0]: row[-1] for row in shown["Model calls"]})
            opened.clean()
    assert pages[0]["gpt-4o"] == f"${told['gpt-4o']['cost']:.3f}"
    assert pages[0]["nobodys-own"] == pages[1]["nobodys-own"] == "–"
    assert pages[0] == pages[1]


def test_compare_says_what_diff_says_with_a_server_and_in_a_file(tab, served, single_file, agents_log, ids):
    a, b = ids["research"]
    told = cli(agents_log, "diff", a, b)
    both = [pair for pair in told["pairs"] if pair["a"] is not None and pair["b"] is not None]
    equal, only_a = (
        sum(not pair["differs"] for pair in both),
        sum(pair["b"] is None for pair in told["pairs"]),
    )
    for url in (served.link, single_file.as_uri()):
        opened = tab()
        opened.open(f"{url}#/compare/{a}/{b}")
        opened.sees(f"{equal} equal · {len(both) - equal} differ · {only_a} only in A")
        first = told["first"]
        what = "only one" if first["what"] == "missing" else f"other {first['what']}"
        assert re.search(rf"First divergence: step {first['a'] or first['b']}\b.*: {what}", opened.text())
        assert "as steplog diff says it" in opened.text()
        opened.clean()


def test_a_file_has_what_diff_says_of_all_its_runs_and_no_text(agents_log, single_file):
    state = embedded(single_file.read_text())[0]["state"]
    log = steplog.read(agents_log)
    assert len(state["diffs"]) == 9 * 8
    for key, found in state["diffs"].items():
        a, b = (log.run(run) for run in key.split())
        assert found["pairs"] == [[pair.a, pair.b, list(pair.differs)] for pair in ask.diff(a, b).pairs]
    assert "night train" not in json.dumps(state["diffs"])
