"""Tests with real servers, each in an environment of its own: run by hand, `pytest tests/servers -m servers`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = (
    ".",
    "integrations/langchain-steplog",
    "integrations/llama-index-observability-steplog",
    "integrations/steplog-auto",
)


def pytest_collection_modifyitems(config, items):
    if "servers" not in config.getoption("-m", ""):
        for item in items:
            if item.get_closest_marker("servers") and Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="a real server: run it with -m servers"))


def interpreter_of(version):
    """A Python of that version, on the path or of pyenv; without one the test is skipped."""
    candidates = [
        shutil.which(f"python{version}"),
        *Path.home().glob(f".pyenv/versions/{version}.*/bin/python"),
    ]
    for found in filter(None, candidates):
        if subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    pytest.skip(f"no Python {version} here")


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """A function: makes a virtual environment with our distributions and what is asked for; gives its `bin`.

    `python`: of which version it is to be, where it cannot be this one.
    """

    def make(*requirements, ours=OURS, python=None):
        folder = tmp_path_factory.mktemp("env")
        interpreter = sys.executable if python is None else interpreter_of(python)
        subprocess.run([interpreter, "-m", "venv", folder], check=True, timeout=120)
        install = [
            folder / "bin" / "pip",
            "install",
            "-q",
            *(str(ROOT / name) for name in ours),
            *requirements,
        ]
        subprocess.run(
            install, check=True, timeout=900, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        )
        return folder / "bin"

    return make
