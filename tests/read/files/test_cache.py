"""What was learnt of closed files: kept for the user alone, used where it holds, and never needed."""

import os
import stat

import pytest

import steplog
from steplog._read.files import cache as cache_module
from steplog._read.files import log_file


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A log whose segments are large and old enough to be remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("STEPLOG_CACHE", raising=False)
    monkeypatch.setattr(log_file, "_WORTH_KEEPING", 1000)
    with steplog.Recorder(tmp_path / "log", rotate_bytes=6000) as recorder:
        for number in range(60):
            with recorder.run(f"run {number}", tags=["a"]) as run, run.tool("t", args={"n": number}):
                pass
    for file in (tmp_path / "log").iterdir():
        os.utime(file, (1_700_000_000, 1_700_000_000))
    return tmp_path / "log"


def told(path):
    log = steplog.read(path)
    return [
        (run.id, run.name, run.status, dict(run.totals), run.tags, run.files) for run in log.runs
    ], log.noticed


def caches(log):
    return list((log.parent / "cache" / "steplog").glob("*"))


def test_it_is_the_users_alone_and_outside_the_log(log):
    names = sorted(log.iterdir())
    told(log)
    (file,) = caches(log)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(log.iterdir()) == names


def test_what_is_remembered_is_not_read_again(log):
    first = told(log)
    for file in log.iterdir():
        found = file.stat()
        data = file.read_bytes()
        with file.open(
            "r+b"
        ) as stream:  # what nobody looks at: the size and the head stay, and the time is set back
            stream.seek(300)
            stream.write(b"#" * (len(data) - 400))
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert told(log) == first


@pytest.mark.parametrize("keep", [0, 1, 50, 500, 0.5, 0.99])
def test_a_damaged_or_cut_cache_changes_no_answer(log, keep):
    first = told(log)
    (file,) = caches(log)
    data = bytearray(file.read_bytes())
    file.write_bytes(data[: int(keep if keep > 1 else keep * len(data))])
    assert told(log) == first
    for at in range(0, len(data), 97):
        data[at] ^= 1
    file.write_bytes(data)
    assert told(log) == first
    file.unlink()
    file.mkdir()
    assert told(log) == first


def test_a_file_that_changed_is_read_again(log):
    first = told(log)[0]
    file = max(log.iterdir(), key=lambda one: one.stat().st_size)
    lines = file.read_bytes().splitlines(keepends=True)
    changed = [line.replace(b'"name":"run ', b'"name":"RUN ') for line in lines]
    file.write_bytes(b"".join(changed))  # the very size, in the very file
    assert [run[1] for run in told(log)[0]] != [run[1] for run in first]
    assert [run[0] for run in told(log)[0]] == [run[0] for run in first]


def test_a_file_that_may_still_change_is_not_remembered(log):
    for file in log.iterdir():
        os.utime(file)
    told(log)
    assert caches(log) == []


def test_it_can_be_turned_off_and_needs_no_home(log, monkeypatch):
    first = told(log)
    for file in caches(log):
        file.unlink()
    monkeypatch.setenv("STEPLOG_CACHE", "0")
    assert told(log) == first
    assert caches(log) == []
    monkeypatch.setenv("STEPLOG_CACHE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/nonexistent/and/not/to/be/made")
    assert told(log) == first


def test_the_switch_is_no_unknown_setting(monkeypatch, tmp_path):
    from steplog._write.settings.settings import sourced

    assert sourced(None, {"STEPLOG_CACHE": "0"}, {})[1].problems == []


def test_it_is_bounded_a_log_and_in_all(log, monkeypatch):
    first = told(log)
    (file,) = caches(log)
    size = file.stat().st_size
    monkeypatch.setattr(cache_module, "_MOST_BYTES", size + 100)
    for segment in list(log.iterdir())[:3]:
        os.utime(segment, (1_600_000_000, 1_600_000_000))
    assert told(log) == first
    assert told(log) == first
    assert file.stat().st_size <= size + 100
    monkeypatch.setattr(cache_module, "_MOST_BYTES_IN_ALL", 10)
    (file.parent / "ffffffff.jsonl").write_bytes(b"x" * 100)
    for segment in list(log.iterdir())[:3]:
        os.utime(segment, (1_500_000_000, 1_500_000_000))
    assert told(log) == first
    assert caches(log) == []


def test_a_link_that_somebody_planted_is_not_followed(log):
    told(log)
    (file,) = caches(log)
    victim = log.parent / "victim"
    victim.write_bytes(b"mine")
    file.unlink()
    file.symlink_to(victim)
    told(log)
    assert victim.read_bytes() == b"mine"
