"""What tests of the write side share."""

import pytest


@pytest.fixture
def sink():
    """A sink whose lines a test can read."""
    from steplog import MemorySink

    return MemorySink()
