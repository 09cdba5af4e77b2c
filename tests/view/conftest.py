"""Logs of scripted agents, a served page, and a real browser: what the page's tests share."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from page_tools import CHROMIUM, HERE, QUIET, run_cli, serving


def record(log: Path, *agents: str, speed: str = "0.05") -> None:
    """Lets scripted agents run under `steplog run`, one after the other in one process."""
    run_cli(
        "run", "--path", str(log), str(HERE / "scripted_agents.py"), *agents,
        env={**os.environ, "AGENT_SPEED": speed}, cwd=log.parent,
    )  # fmt: skip


# The last one is killed in the middle, and its process with it.
AGENTS = ("research", "hardly", "support", "refund", "waits", "analyst", "triage", "invoices")


@pytest.fixture(scope="session")
def agents_log(tmp_path_factory) -> Path:
    """A log of eight agents: what went well, what failed, waits, died, looped."""
    pytest.importorskip(
        "langgraph", reason="langgraph, which the scripted agents are made of, is not installed"
    )
    log = tmp_path_factory.mktemp("view") / "steplogs"
    record(log, *AGENTS)
    return log


@pytest.fixture(scope="session")
def ids(agents_log) -> dict[str, list[str]]:
    """The ids of the runs by name, oldest first."""
    import steplog

    found: dict[str, list[str]] = {}
    for run in steplog.read(agents_log).runs:
        found.setdefault(run.name, []).append(run.id)
    return found


@pytest.fixture(scope="session")
def step_of(agents_log, ids):
    """The number of a step, by the run's name, which of these runs, and the step's name."""
    import steplog

    log = steplog.read(agents_log)

    def find(run: str, name: str, nth: int = 0, at: int = 0) -> int:
        return [step.number for step in log.run(ids[run][at]).steps if step.name == name][nth]

    return find


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, which may reach nothing but this machine.

    It ends with the module: as long as it is there, its event loop runs in this thread, and no test of coroutines can.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: the page is not looked at")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield launched
        launched.close()


VIOLATIONS = """
    window.__violations = [];
    document.addEventListener('securitypolicyviolation', e => window.__violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""


class Tab:
    """A page of the browser, and what must never be seen on it: errors, violations, requests to elsewhere."""

    def __init__(self, browser, **options) -> None:
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "timezone_id": "UTC", **options}
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.page.add_init_script(VIOLATIONS)
        self.page.on("pageerror", lambda e: self.problems.append(f"error: {e} {getattr(e, 'stack', '')}"))
        self.page.on(
            "console",
            lambda m: self.problems.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None,
        )
        self.page.on("dialog", lambda d: (self.problems.append(f"dialog: {d.message}"), d.dismiss()))
        self.page.on("request", lambda r: self.requests.append(r.url))

    def open(self, url: str) -> Tab:
        self.page.goto(url)
        return self

    def go(self, hash_: str) -> None:
        """Another view by its address, as a link would."""
        self.page.evaluate("hash => { location.hash = hash }", hash_)

    def wait(self, what, seconds: float = 20):
        """Until something holds; page.wait_for_function evaluates strings, which the page's policy forbids."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = what()
            if found:
                return found
            self.page.wait_for_timeout(20)  # not a sleep: in it the browser is listened to
        raise AssertionError(f"not within {seconds} s; the page says: {self.page.inner_text('body')[:2000]}")

    def text(self, selector: str = "body") -> str:
        return self.page.inner_text(selector)

    def sees(self, words: str, selector: str = "body") -> None:
        self.wait(lambda: words in self.text(selector))

    def clean(self) -> None:
        """Nothing went wrong on the page."""
        assert self.problems == []
        assert self.page.evaluate("window.__violations") == []

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def tab(browser):
    """Makes tabs; each is checked at the end for errors, violations and requests to elsewhere."""
    made: list[Tab] = []

    def make(**options) -> Tab:
        made.append(Tab(browser, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def served(agents_log):
    """The agents' log, served."""
    with serving(agents_log, "--host", "127.0.0.1", "--token", "for-the-tests") as server:
        yield server


@pytest.fixture(scope="session")
def single_file(agents_log, tmp_path_factory) -> Path:
    """All runs of the agents in one file."""
    target = tmp_path_factory.mktemp("file") / "runs.html"
    done = run_cli("html", "--last", "50", "-p", str(agents_log), "-o", str(target))
    assert done.returncode == 0, done.stderr
    return target


class CountingProxy:
    """A proxy that lets nothing through and counts who wanted to."""

    def __init__(self) -> None:
        import socket

        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection:
                    connection.settimeout(2)
                    with contextlib.suppress(OSError):
                        self.asked.append(connection.recv(2000).split(b"\r\n")[0])

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def proxy():
    counting = CountingProxy()
    yield counting
    counting.close()
