"""What is kept of closed segments makes the next question cheaper, and changes no answer, whatever happens to it."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import steplog
from steplog import ask

pytest.importorskip("duckdb")
import busy_log

ASK = """
import sys, steplog
from steplog import ask
log = steplog.read(sys.argv[1])
print(ask.stats(log, ["model"]).as_json(), ask.sql(log, "SELECT * FROM runs ORDER BY run").rows)
"""
HOUR = 3600


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "logs"
    for seed in (3, 4):
        busy_log.write(path, 150, seed=seed)
    busy_log.die(path)
    return path


@pytest.fixture
def log(written, tmp_path):
    """Segments that nobody has changed for an hour, one of them too small to be kept."""
    path = tmp_path / "logs"
    shutil.copytree(written, path)
    age(path)
    assert sorted(file.stat().st_size > 128 << 10 for file in path.iterdir()) == [False, True, True]
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("STEPLOG_CACHE", raising=False)
    return tmp_path / "cache" / "steplog" / "rows"


def age(path):
    for file in path.iterdir():
        then = file.stat().st_mtime - HOUR
        os.utime(file, (then, then))


def answer(path):
    log = steplog.read(path)
    return (
        ask.stats(log, ["model", "status"]).as_json(),
        ask.sql(log, "SELECT * FROM runs ORDER BY run").rows,
        ask.sql(log, "SELECT * FROM steps ORDER BY run, step").rows,
        ask.cost(log).as_json(),
    )


def answer_without_it(path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setenv("STEPLOG_CACHE", "0")
        return answer(path)


def rows_of(cache):
    return sorted(cache.glob("*.parquet"))


def facts_of(cache):
    return sorted(cache.glob("*.json"))


def test_the_second_question_is_answered_from_it(log, cache):
    """The lines say something else by then, in a file that looks the same from outside: nobody read them."""
    before = answer(log)
    file = max(log.iterdir(), key=lambda each: each.stat().st_size)
    stood = file.stat()
    data = file.read_bytes()
    changed = data.replace(b'"input_tokens":1', b'"input_tokens":2')
    assert changed != data
    with file.open("r+b") as stream:
        stream.write(changed)
    os.utime(file, ns=(stood.st_atime_ns, stood.st_mtime_ns))
    assert answer(log) == before
    os.utime(file, ns=(stood.st_atime_ns, stood.st_mtime_ns + 1))
    assert answer(log) != before


def test_it_is_for_the_user_alone_and_off_where_that_is_said(log, cache, monkeypatch):
    answer_without_it(log, monkeypatch)
    assert not cache.exists()
    answer(log)
    assert len(rows_of(cache)) == len(facts_of(cache)) == 2
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in cache.iterdir()} == {0o600}


def test_what_was_changed_just_now_is_not_kept(log, cache):
    now = time.time() + 600  # and for as long as the test may take
    for file in log.iterdir():
        os.utime(file, (now, now))
    answer(log)
    assert not rows_of(cache)


def cut(cache):
    for file in rows_of(cache):
        file.write_bytes(file.read_bytes()[:-200])


def emptied(cache):
    for file in (*rows_of(cache), *facts_of(cache)):
        file.write_bytes(b"")


def other_bytes(cache):
    for file in rows_of(cache):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0xFF
        file.write_bytes(data)


def other_facts(cache):
    for file in facts_of(cache):
        file.write_bytes(file.read_bytes().replace(b'"openings":1', b'"openings":7'))


def no_json(cache):
    for file in facts_of(cache):
        file.write_bytes(checked(b"\xff\x00 no json"))


def of_another_shape(cache):
    for file in facts_of(cache):
        file.write_bytes(checked(b'[1, {"facts": 2}]'))


def facts_of_another_shape(cache):
    rewrite(cache, lambda kept: kept["facts"].update(ranges=[1, "x"]))


def of_another_version(cache):
    """Of which the rows may mean anything: here they are those of nothing."""
    import duckdb

    for file in rows_of(cache):
        duckdb.sql(f"COPY (SELECT 1 AS run) TO '{file}' (FORMAT parquet)")
    data = {file.name: file.read_bytes() for file in rows_of(cache)}

    def older(kept):
        from binascii import crc32

        kept["version"] = "0.1.0-rows-1"
        kept["check"] = f"{crc32(data[kept['rows']]):08x}"

    rewrite(cache, older)


def swapped(cache):
    one, two = rows_of(cache)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def facts_swapped(cache):
    one, two = facts_of(cache)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def rows_gone(cache):
    for file in rows_of(cache):
        file.unlink()


def all_gone(cache):
    shutil.rmtree(cache)


def names_outside(cache):
    """As if somebody had the facts name a file elsewhere."""
    rewrite(cache, lambda kept: kept.update(rows="../../../../etc/hostname"))


def links(cache):
    for file in rows_of(cache):
        file.rename(file.with_suffix(".moved"))
        file.symlink_to(file.with_suffix(".moved"))


def a_file_in_its_place(cache):
    shutil.rmtree(cache)
    cache.write_bytes(b"")


def checked(body):
    from binascii import crc32

    return b"%08x" % crc32(body) + body


def rewrite(cache, change):
    for file in facts_of(cache):
        kept = json.loads(file.read_bytes()[8:])
        change(kept)
        file.write_bytes(checked(json.dumps(kept).encode()))


# The first of each kind; the others, as long again, by hand.
DAMAGES = (cut, other_bytes, of_another_version, swapped, names_outside)
MORE_DAMAGES = (
    emptied, other_facts, no_json, of_another_shape, facts_of_another_shape, facts_swapped, rows_gone, all_gone, links,
    a_file_in_its_place,
)  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [*DAMAGES, *(pytest.param(damage, marks=pytest.mark.torture) for damage in MORE_DAMAGES)],
    ids=lambda damage: damage.__name__,
)
def test_whatever_is_done_to_it_changes_no_answer(log, cache, monkeypatch, damage):
    expected = answer_without_it(log, monkeypatch)
    assert answer(log) == expected
    damage(cache)
    assert answer(log) == expected
    assert answer(log) == expected


def test_where_it_cannot_be_written_the_answer_is_the_same(log, monkeypatch, tmp_path):
    expected = answer_without_it(log, monkeypatch)
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", Path("/proc/self")):
        monkeypatch.setenv("XDG_CACHE_HOME", str(place))
        assert answer(log) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX")
def test_on_a_full_disk_the_answer_is_the_same(log, cache, monkeypatch):
    """No file gets larger than 20 kB, neither of what is kept nor of what is made in between."""
    program = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    program += "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n" + ASK
    with_room = subprocess.run([sys.executable, "-c", ASK, log], capture_output=True, text=True, check=True)
    shutil.rmtree(cache)
    without = subprocess.run(
        [sys.executable, "-c", program, log], capture_output=True, text=True, check=False
    )
    assert (without.stdout, without.stderr) == (with_room.stdout, "")
    assert not rows_of(cache)
    assert not [file for file in cache.glob(".*") if file.is_file()]


def test_several_that_write_it_at_once_get_the_same_and_leave_it_whole(log, cache, monkeypatch):
    several = [
        subprocess.Popen([sys.executable, "-c", ASK, log], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {process.communicate()[0] for process in several}
    assert len(said) == 1
    assert said.pop()
    assert len(rows_of(cache)) == len(facts_of(cache)) == 2
    assert answer(log) == answer_without_it(log, monkeypatch)


def test_a_segment_that_another_stands_in_the_place_of_is_read(log, cache, written, monkeypatch, tmp_path):
    answer(log)
    one, two, *_ = sorted(log.iterdir(), key=lambda each: -each.stat().st_size)
    name = one.name
    two.rename(tmp_path / "aside")
    one.rename(two)
    (tmp_path / "aside").rename(log / name)
    assert answer(log) == answer_without_it(log, monkeypatch)


@pytest.mark.torture
def test_a_log_that_grows_is_packed_and_pruned_is_answered_as_it_is(log, cache, monkeypatch):
    from steplog._write.keep.judge import Judge
    from steplog._write.keep.packing import pack
    from steplog._write.keep.segments import segments_in

    seen = [answer(log)]
    busy_log.write(log, 160, seed=5)
    age(log)
    seen.append(answer(log))
    assert seen[-1] == answer_without_it(log, monkeypatch)
    before = set(log.iterdir())
    found = list(segments_in(log))
    for _ in pack(found, Judge(log, found)):
        pass
    assert set(log.iterdir()) != before
    age(log)
    assert answer(log) == answer_without_it(log, monkeypatch)
    assert answer(log)[0]["total"] == seen[-1][0]["total"]
    min(log.iterdir()).unlink()
    seen.append(answer(log))
    assert seen[-1] == answer_without_it(log, monkeypatch)
    assert len({str(each[0]["total"]) for each in seen}) == 3


def left_behind(cache, number, size, days):
    """Rows of a log that nobody asked for so many days; they take no room on the disk."""
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"1-{number}-00000000-00000000.parquet"
    with file.open("wb") as stream:
        stream.truncate(size)
    then = time.time() - days * 24 * HOUR
    os.utime(file, (then, then))
    return file


def test_it_does_not_grow_beyond_its_bound(log, cache):
    older, old, newer = (left_behind(cache, number, 300 << 20, 3 - number) for number in range(3))
    answer(log)
    assert [file.exists() for file in (older, old, newer)] == [False, False, True]
    assert sum(file.stat().st_size for file in cache.iterdir()) <= 512 << 20


def test_what_nobody_asked_for_a_month_goes(log, cache):
    forgotten, known = left_behind(cache, 1, 10, 31), left_behind(cache, 2, 10, 29)
    answer(log)
    assert (forgotten.exists(), known.exists()) == (False, True)


def test_rows_of_what_a_file_held_before_go_when_new_ones_come(log, cache):
    answer(log)
    file = max(log.iterdir(), key=lambda each: each.stat().st_size)
    kept = set(rows_of(cache))
    with file.open("ab") as stream:
        stream.write(b'{"seq":999999,"ts":"2026-01-01T00:00:00Z","ev":"log.close","lines":1}\n')
    age(log)
    answer(log)
    assert len(rows_of(cache)) == 2
    assert len(kept & set(rows_of(cache))) == 1
