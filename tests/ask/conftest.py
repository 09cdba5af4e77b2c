"""Logs that the answers are asked of, written once a session by the project's own recorder."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def busy(tmp_path_factory):
    """A directory with segments of three writers, one of which died."""
    import busy_log

    path = tmp_path_factory.mktemp("busy") / "logs"
    busy_log.write(path, 40, seed=7)
    busy_log.write(path, 25, seed=8)
    busy_log.die(path)
    return path
