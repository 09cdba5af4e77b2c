"""`pytest --steplog DIR`: each test's runs are recorded under its name, and failing tests say where to look.

And the fixture `steplog_run`, which needs no option: what one test runs, for assertions.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False  # each pytest run imports this module, with and without the option
if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from steplog._auto.steplog_run import TestedRun
    from steplog._auto.tests_recorded import Recording


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--steplog DIR` and `--steplog-update`."""
    group = parser.getgroup("steplog", "steplog, the flight recorder for LLM agents")
    group.addoption(
        "--steplog", metavar="DIR", help="record the runs of LLM agents in each test to a log in DIR"
    )
    group.addoption(
        "--steplog-update",
        action="store_true",
        help="write the golden runs of steplog_run.matches_golden() anew, instead of comparing with them",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Switch recording on, before the tests are imported."""
    path = config.getoption("--steplog")
    if path:
        from steplog._auto.tests_recorded import Recording  # noqa: PLC0415 -- nothing to pay without the option

        recording: Recording = Recording.begin(path)
        config.pluginmanager.register(recording, "steplog-recording")
        config.add_cleanup(recording.end)


@pytest.fixture
def steplog_run(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[TestedRun]:
    """What the test runs, recorded: `tools`, `expect`, `run`, `runs`, `matches_golden()`."""
    from steplog._auto.steplog_run import begin  # noqa: PLC0415 -- nothing to pay without the fixture

    update = bool(request.config.getoption("--steplog-update"))
    tested, recording = begin(tmp_path / "steplogs", request.path, request.node.name, update=update)
    with recording:
        yield tested


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Where the tools of a `steplog_run` are compared: the run, with the place marked."""
    if op != "==" or "ToolNames" not in (type(left).__name__, type(right).__name__):
        return None
    from steplog._auto.steplog_run import tools_differ  # noqa: PLC0415 -- as in `steplog_run`

    return tools_differ(left, right)
