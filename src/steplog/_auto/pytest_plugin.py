"""`pytest --steplog DIR`: each test's runs are recorded under its name, and failing tests say where to look."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False  # each pytest run imports this module, with and without the option
if TYPE_CHECKING:
    from steplog._auto.tests_recorded import Recording


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--steplog DIR`."""
    group = parser.getgroup("steplog", "steplog, the flight recorder for LLM agents")
    group.addoption(
        "--steplog", metavar="DIR", help="record the runs of LLM agents in each test to a log in DIR"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Switch recording on, before the tests are imported."""
    path = config.getoption("--steplog")
    if path:
        from steplog._auto.tests_recorded import Recording  # noqa: PLC0415 -- nothing to pay without the option

        recording: Recording = Recording.begin(path)
        config.pluginmanager.register(recording, "steplog-recording")
        config.add_cleanup(recording.end)
