"""What the tests share; makes `sample_log` importable, since test folders are no packages."""

import gc
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# A shell starts what runs in its background with Ctrl-C ignored; tests press it, and so do the programs they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """What takes long runs with `-m torture` only."""
    if "torture" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("torture")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("torture")]


def pytest_collection_finish():
    """What imports have made stays out of collections: of so large a process one takes a second, in whatever thread it is."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def sink():
    """A sink whose lines a test can read."""
    from steplog import MemorySink

    return MemorySink()


@pytest.fixture
def desk(tmp_path):
    """A folder to work in, in which programs are run as a user runs them."""
    from desk import Desk

    return Desk(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def no_cache_of_the_users(tmp_path_factory):
    """What a test learns of its logs is not for the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
