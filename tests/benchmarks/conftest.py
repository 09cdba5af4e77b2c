"""The benchmark's own workloads, as what a guard counts on."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def five_steps(monkeypatch):
    """Runs the benchmark's five-step agent once, with the given handlers."""
    pytest.importorskip("langchain")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from stepbench.langchain_work import WORK

    yield next(work for work in WORK if work.name == "five-step").prepare()
    for name in [name for name in sys.modules if name.partition(".")[0] == "stepbench"]:
        del sys.modules[name]
