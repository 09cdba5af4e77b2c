"""What the tests share; makes `sample_log` importable, since test folders are no packages."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def sink():
    """A sink whose lines a test can read."""
    from steplog import MemorySink

    return MemorySink()
