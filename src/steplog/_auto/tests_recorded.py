"""What the pytest plugin does once it is on: names the test in its runs, and tells of them where the test fails."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

import pytest

from steplog._auto import finder
from steplog._auto.switch import activate, deactivate
from steplog._read import LogError, Run, read
from steplog._show.terminal_text import one_line
from steplog._write.settings.settings import Settings, SettingsError
from steplog._write.steps.labels import add_labeller, remove_labeller

_RUNS: Final = (
    "steplog_runs"  # on a report: pytest-xdist carries it from the worker to whom prints the summary
)
_SHOWN_RUNS: Final = 3
_CELLS: Final = 200


class Recording:
    """One session's recording."""

    def __init__(self, path: str) -> None:
        """Nothing yet; `begin` makes one that records."""
        self.path = path
        self._test = ""
        self._runs: list[str] = []

    @classmethod
    def begin(cls, path: str) -> Recording:
        """Record from now on to `path`, whatever recorded before: the option was given for this session."""
        if finder.installed():
            deactivate()
        try:
            activate(path)
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None
        recording = cls(Settings.load(path).path)
        add_labeller(recording.label)
        return recording

    def end(self) -> None:
        """Close the log."""
        remove_labeller(self.label)
        deactivate()

    def label(self, run: str) -> Mapping[str, Any]:
        """The test that is being run, for the metadata of its runs."""
        if not self._test:
            return {}
        self._runs.append(run)
        return {"test": self._test}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test, with its fixtures: what runs until it is over is its own."""
        self._test, self._runs = item.nodeid, []
        try:
            return (yield)
        finally:
            self._test = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A report knows the runs that its test had so far."""
        report = yield
        setattr(report, _RUNS, list(self._runs))
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The log's path, and a line for each failing test that had runs."""
        failing: dict[str, list[str]] = {}
        for report in (*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")):
            failing.setdefault(report.nodeid, []).extend(getattr(report, _RUNS, []))
        terminalreporter.section("steplog")
        terminalreporter.write_line(f"log: {self.path}")
        known = _runs_in(self.path) if any(failing.values()) else {}
        for test, runs in failing.items():
            terminalreporter.write_line(
                f"{test}: {_summary([(run, known.get(run)) for run in dict.fromkeys(runs)])}"
            )


def _runs_in(path: str) -> dict[str, Run]:
    try:
        return {run.id: run for run in read(path).runs}
    except LogError:  # deleted by the tests, or never begun as the disk refused it
        return {}


def _summary(runs: list[tuple[str, Run | None]]) -> str:
    if not runs:
        return "no runs"
    told = [_of_run(run_id, run) for run_id, run in runs[:_SHOWN_RUNS]]
    more = len(runs) - len(told)
    return "; ".join(told) + (f"; {more} more" if more else "")


def _of_run(run_id: str, run: Run | None) -> str:
    try:
        error = run.error if run is not None else None
    except LogError:
        run = error = None
    if run is None:
        return f"run {run_id[:8]} (not in the log)"
    said = f": {error.get('type')}: {error.get('message')}" if error else ""
    steps = run.totals.get("steps", 0)
    return one_line(f"run {run_id[:8]} {run.name} {run.status}, {steps} steps{said}", _CELLS)
