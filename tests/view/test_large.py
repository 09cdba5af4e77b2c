"""Large logs on the page: opening, scrolling, memory, what stands in the document. Times are processor times where others may work beside."""

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
LONGEST_TASK_MS = 100
MEMORY_MB = 400
FIRST_PAINT_SECONDS = 1.5


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


@pytest.fixture
def opened(tab, long_log):
    """The list of the long run's log, in a tab; `.open()` opens the run and tells what that took."""
    with serving(long_log) as served:
        page = tab()
        page.open(served.link)
        page.wait(lambda: page.page.query_selector(".rr"), 60)
        page.wait(
            lambda: (
                "reading"
                not in page.page.evaluate("fetch('api/runs').then(r => r.text())").split('"rows"')[0]
            ),
            60,
        )
        page.served = served
        yield page
        page.clean()


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
    print(
        f"\nopened {STEPS} steps: {wall:.2f} s by the clock, {worked:.2f} s of the page's and {server:.2f} s of the server's processor"
    )
    # Both work at the same time, on two processors: the slower of them is what a person waits for.
    assert max(worked, server) < OPEN_SECONDS
    assert worked + server < OPEN_SECONDS * 1.5
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
    worked = measured.worked()
    print(
        f"\n{STEPS} steps in one file of {target.stat().st_size / 1e6:.1f} MB: {time.monotonic() - began:.2f} s by the clock, {worked:.2f} s of processor"
    )
    assert worked < OPEN_SECONDS + 0.5  # it unpacks itself, too
    opened.clean()


def first_rows(opened, url: str) -> float:
    began = time.monotonic()
    opened.open(url)
    opened.wait(lambda: opened.page.query_selector(".rr"), 60)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(140_000_000, id="140 MB"),
        pytest.param(1_000_000_000, id="1 GB", marks=pytest.mark.torture),
    ],
)
def test_a_large_directory_shows_its_newest_runs_at_once(tab, tmp_path, size):
    log = large_logs.many_runs(tmp_path / "log", size)
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
