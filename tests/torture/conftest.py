"""Plain `pytest` takes a scaled-down part of the torture suite; `pytest -m torture` all of it, at full scale."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def is_full(config):
    return "torture" in config.option.markexpr


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """In full, everything here is torture."""
    for item in items:
        if HERE in item.path.parents and is_full(config):
            item.add_marker(pytest.mark.torture)


@pytest.fixture
def full(request):
    """Whether this is the whole torture and not its scaled-down part."""
    return is_full(request.config)


@pytest.fixture
def program(tmp_path):
    """Runs a program in a process of its own, in which `LOG` is the log's path; gives what it printed."""

    def run(
        text, *, log=None, check=True, env=None, preload=None, timeout=120, args=(), python=sys.executable
    ):
        log = log or tmp_path / "log"
        prelude = f"import os, sys, time, signal, threading, steplog\nLOG = {str(log)!r}\n"
        environ = {**os.environ, **(env or {})} | ({"LD_PRELOAD": str(preload)} if preload else {})
        done = subprocess.run(
            [python, *args, "-c", prelude + textwrap.dedent(text)],
            check=False, capture_output=True, text=True, env=environ, timeout=timeout, cwd=tmp_path,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def faults(tmp_path_factory):
    """The library that makes `write` fail."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
