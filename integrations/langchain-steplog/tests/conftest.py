"""Makes `lc_agents` and `versions` importable (test folders are no packages); gives tests a handler whose lines they can read."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "tests")]


@pytest.fixture
def recorded():
    """A function: settings -> (handler, sink); handlers are closed when the test ends."""
    from langchain_steplog import StepLogHandler
    from steplog import MemorySink

    handlers = []

    def make(**settings):
        sink = MemorySink()
        handler = StepLogHandler(sink=sink, **settings)
        handlers.append(handler)
        return handler, sink

    yield make
    for handler in handlers:
        handler.close()


@pytest.fixture
def activated(tmp_path):
    """Recording of every run of the process into a directory, switched off when the test ends."""
    import langchain_steplog

    yield langchain_steplog.activate(tmp_path / "logs"), tmp_path / "logs"
    langchain_steplog.deactivate()


@pytest.fixture
def provider(monkeypatch):
    """A server on the loopback interface that answers as a model provider does."""
    from provider_server import serving

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with serving() as server:
        yield server
