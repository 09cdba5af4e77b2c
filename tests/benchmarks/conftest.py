"""The benchmark's own workloads, as what a guard counts on."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def workload(monkeypatch):
    """A function: the name of one of the benchmark's workloads -> what runs it once, with the given handlers."""
    pytest.importorskip("langchain")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from stepbench.langchain_work import WORK

    yield lambda name: next(work for work in WORK if work.name == name).prepare()
    for name in [name for name in sys.modules if name.partition(".")[0] == "stepbench"]:
        del sys.modules[name]


@pytest.fixture
def five_steps(workload):
    """Runs the benchmark's five-step agent once, with the given handlers."""
    return workload("five-step")


@pytest.fixture
def bare_call(workload):
    """Runs the benchmark's one model call, with the given handlers."""
    return workload("one-call")
