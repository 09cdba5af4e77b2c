"""Large logs on the page: opening, scrolling, memory, what stands in the document.

The limits are those of the design, and what was measured is printed beside them. Processor times are held to them, as a clock
measures what else runs on the machine, too; with QUIET_MACHINE=1, where nothing else does, the clock is held to them as well.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import large_logs
import pytest
from page_tools import run_cli, serving

STEPS = 100_000
OPEN_SECONDS = 2.0
UNPACK_SECONDS = 0.5  # what a file takes longer, which the page itself unpacks
LONGEST_TASK_MS = 100
MEMORY_MB = 400
FIRST_PAINT_SECONDS = 1.5
IS_QUIET = bool(os.environ.get("QUIET_MACHINE"))


@pytest.fixture(scope="module")
def long_log(tmp_path_factory):
    return large_logs.long_run(tmp_path_factory.mktemp("long") / "log", STEPS)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Measured:
    """What a page's thread has worked."""

    def __init__(self, tab) -> None:
        self.session = tab.context.new_cdp_session(tab.page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked(self) -> float:
        return {m["name"]: m["value"] for m in self.session.send("Performance.getMetrics")["metrics"]}[
            "TaskDuration"
        ]


def renderers_mb() -> float:
    """The largest memory of its own that a page's process has, now."""
    most = 0
    for entry in Path("/proc").iterdir():
        try:
            if b"--type=renderer" not in (entry / "cmdline").read_bytes():
                continue
            status = (entry / "status").read_text()
        except OSError:
            continue
        most = max(most, int(status.partition("RssAnon:")[2].split()[0]) // 1000)
    return most


@pytest.fixture(scope="module")
def long_served(long_log):
    """The long run's log, served to one tab after the other."""
    with serving(long_log, "--host", "127.0.0.1", "--token", "for-the-tests") as served:
        yield served


@pytest.fixture
def opened(tab, long_served):
    """The list of the long run's log, read to its end, in a tab."""
    page = tab()
    page.open(long_served.link)
    page.wait(lambda: page.page.query_selector(".rr"), 60)
    listed = "fetch('api/runs').then(r => r.text())"
    page.wait(lambda: "reading" not in page.page.evaluate(listed).split('"rows"')[0], 60)
    page.served = long_served
    yield page
    page.clean()


def hold(name: str, limit: float, clock: float, *worked: float) -> None:
    """Whoever works longest is what a person waits for, as all work at the same time."""
    told = " and ".join(f"{each:.2f}" for each in worked)
    print(f"\n{name}: {clock:.2f} s by the clock; {told} s of processor (page, server); limit {limit} s")
    assert max(worked) < limit
    assert sum(worked) < limit * 1.5
    assert clock < limit or not IS_QUIET


def test_a_run_of_100_000_steps_opens_scrolls_and_is_searched(opened, browser, tmp_path):
    page, measured = opened.page, Measured(opened)
    before, server_before, began = (
        measured.worked(),
        processor_seconds(opened.served.process.pid),
        time.monotonic(),
    )
    page.keyboard.press("Enter")
    opened.wait(lambda: page.query_selector(".tr"), 60)
    wall = time.monotonic() - began
    worked = measured.worked() - before
    server = processor_seconds(opened.served.process.pid) - server_before
    hold(f"{STEPS} steps opened", OPEN_SECONDS, wall, worked, server)
    assert len(page.query_selector_all(".tr")) < 60

    opened.go(page.url.partition("#")[2].join(("#", "?rows=all")))
    opened.wait(lambda: len(page.query_selector_all(".tr")) > 20, 60)
    page.wait_for_timeout(300)
    trace = tmp_path / "trace.json"
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"], path=str(trace))
    for turn in range(50):
        page.mouse.move(300, 500)
        page.mouse.wheel(0, 1500 + turn * 900)
        page.wait_for_timeout(20)
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    browser.stop_tracing()
    tasks = [
        e.get("tdur", 0) / 1000
        for e in json.loads(trace.read_text())["traceEvents"]
        if e.get("name", "").endswith("RunTask")
    ]
    rows = len(page.query_selector_all(".tr"))
    print(f"scrolled: the longest task took {max(tasks):.1f} ms of processor; {rows} rows in the document")
    assert len(tasks) > 100
    assert max(tasks) < LONGEST_TASK_MS
    assert 20 < rows < 120
    assert int(page.inner_text(".tr .n >> nth=0")) > STEPS - 200

    before = measured.worked()
    page.keyboard.press("/")
    page.keyboard.insert_text("page 99991:")
    opened.sees("1 step", ".tb .q")
    print(f"searched everything: {measured.worked() - before:.2f} s of processor")
    opened.session = opened.context.new_cdp_session(page)
    opened.session.send("HeapProfiler.collectGarbage")
    memory = renderers_mb()
    print(f"memory of the tab: {memory} MB")
    assert memory < MEMORY_MB


def test_its_conversation_and_its_errors_open_without_a_long_wait(opened):
    page, measured = opened.page, Measured(opened)
    page.keyboard.press("Enter")
    opened.wait(lambda: page.query_selector(".tr"), 60)
    for key, selector in (("c", ".conv .cv"), ("t", ".tr")):
        before = measured.worked()
        page.keyboard.press(key)
        opened.wait(lambda selector=selector: page.query_selector(selector), 30)
        assert measured.worked() - before < OPEN_SECONDS
    assert len(page.query_selector_all(".tr")) < 60
    before = measured.worked()
    page.click("button:has-text('errors')")
    opened.wait(lambda: len(page.query_selector_all(".tr.er")) > 10)
    assert measured.worked() - before < OPEN_SECONDS


def test_the_same_run_in_one_file_opens_as_fast(tab, long_log, tmp_path):
    target = tmp_path / "long.html"
    assert run_cli("html", "@last", "-p", str(long_log), "-o", str(target)).returncode == 0
    opened = tab()
    measured = Measured(opened)
    began = time.monotonic()
    opened.open(target.as_uri())
    opened.wait(lambda: opened.page.query_selector(".tr"), 60)
    size = target.stat().st_size / 1e6
    hold(
        f"{STEPS} steps in one file of {size:.1f} MB opened",
        OPEN_SECONDS + UNPACK_SECONDS,
        time.monotonic() - began,
        measured.worked(),
    )
    opened.clean()


def first_rows(opened, url: str) -> float:
    began = time.monotonic()
    opened.open(url)
    opened.wait(lambda: opened.page.query_selector(".rr"), 60)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("size", "segment"),
    [
        pytest.param(60_000_000, 16 << 20, id="60 MB"),
        pytest.param(1_000_000_000, 64 << 20, id="1 GB", marks=pytest.mark.torture),
    ],
)
def test_a_large_directory_shows_its_newest_runs_at_once(tab, tmp_path, size, segment):
    log = large_logs.many_runs(tmp_path / "log", size, segment)
    with serving(log) as served:
        opened = tab()
        # The best of three: what others do on this machine is not the page's.
        times = [first_rows(opened, url) for url in (served.link, served.origin + "/", served.origin + "/")]
        newest = opened.text(".rr >> nth=0")
        print(f"\n{size / 1e6:.0f} MB: the newest runs after {', '.join(f'{t:.2f}' for t in times)} s")
        assert min(times) < FIRST_PAINT_SECONDS
        opened.wait(
            lambda: (
                "Reading older"
                not in opened.page.evaluate("document.querySelector('.foot')?.innerText ?? ''")
            ),
            900,
        )
        opened.sees("How long is river")
        assert len(opened.page.query_selector_all(".rr")) < 80
        assert opened.text(".rr >> nth=0").split("\n")[2:4] == newest.split("\n")[2:4]
        opened.clean()


def test_of_more_runs_than_a_list_holds_the_page_says_how_many_and_lists_them_when_asked(tab, tmp_path):
    with serving(large_logs.short_runs(tmp_path / "log", 20_450)) as served:
        opened = tab()
        opened.open(served.link)
        opened.wait(lambda: "older runs are not" in opened.text(), 60)
        assert "150 older runs are not, and no filter looks into them" in opened.text(".foot")
        assert "number 20449" in opened.text(".rr >> nth=0")
        opened.page.click("text=List 150 more")
        opened.sees("of 20,450 runs")
        assert opened.page.query_selector(".foot") is None
        opened.page.keyboard.press("End")
        opened.sees("number 0", ".rt")
        opened.clean()
