"""The lock on a live segment: seen by everyone, gone with its process, and in nobody's way where there is none."""

import fcntl
import os
import subprocess
import sys

import pytest

from steplog._format.segment_lock import claimed, hold


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "segment"
    path.write_bytes(b"x")
    return path


def claim(path):
    with claimed(path) as found:
        return found


def test_a_file_is_held_until_the_last_copy_of_its_descriptor_is_closed(path):
    assert claim(path) == "free"
    fd = os.open(path, os.O_RDWR)
    assert hold(fd)
    copy = os.dup(fd)
    assert claim(path) == "held"
    os.close(fd)
    assert claim(path) == "held"
    os.close(copy)
    assert claim(path) == "free"


def test_a_killed_process_holds_nothing(path):
    program = "import os, sys, time; from steplog._format.segment_lock import hold\nprint(hold(os.open(sys.argv[1], 2)), flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"True\n"
        assert claim(path) == "held"
        process.kill()
        process.wait(10)
    assert claim(path) == "free"


def test_two_may_hold_it_and_one_may_claim_it(path):
    with path.open("rb") as one, path.open("rb") as two:
        assert hold(one.fileno())
        assert hold(two.fileno())
    with claimed(path) as first:
        assert (first, claim(path)) == ("free", "held")
        with path.open("rb") as file:
            assert not hold(file.fileno()), "and nobody waits"


def test_where_there_are_no_locks_nothing_is_known(path, monkeypatch):
    def no_locks(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with path.open("rb") as file:
        assert not hold(file.fileno())
    assert claim(path) == "unknown"
    monkeypatch.setitem(sys.modules, "fcntl", None)  # Windows
    assert not hold(0)
    assert claim(path) == "unknown"


def test_what_may_not_be_opened_is_unknown_and_what_is_gone_says_so(path):
    with pytest.raises(FileNotFoundError), claimed(path.with_name("none")):
        pass
    link = path.with_name("link")
    link.symlink_to(path)
    assert claim(link) == "unknown", "a link is not followed"


def test_a_pipe_does_not_make_anybody_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert claim(tmp_path / "pipe") in ("free", "unknown")
