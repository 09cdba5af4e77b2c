"""A store's URL stands wherever a log's path does: fetched once, checked, bounded."""

import json
import os
import subprocess
import sys

import pytest

import steplog
from steplog import ask, fleet
from steplog._read.files.fetched import fetched
from steplog._read.files.segments import segments

pytest.importorskip("fsspec")


@pytest.fixture
def log(tmp_path):
    folder = tmp_path / "log"
    for name in ("one", "two"):
        with steplog.Recorder(folder) as recorder:
            for number in range(5):
                with recorder.run(name, input="Where is the Danube?") as run, run.llm(model="gpt-4o") as call:
                    call.set(
                        message={"role": "assistant", "content": "quota exceeded"},
                        usage={"input_tokens": number},
                    )
    return folder


@pytest.fixture
def shipped(log, bucket):
    list(fleet.ship(log, bucket))
    return bucket


COMMANDS = [
    ["ls", "--json"],
    ["show", "@last", "--json"],
    ["grep", "quota", "--json"],
    ["postmortem", "@last", "--json"],
    ["stats", "--by", "model", "--json"],
    ["cost", "--json"],
    ["sql", "SELECT run, name, status, input_tokens FROM runs ORDER BY run", "--json"],
    ["errors", "--json"],
    ["compactions", "@last", "--json"],
    ["diff", "@-2", "@last", "--json"],
    ["export", "messages"],
    ["export", "atif"],
    ["tail", "-n", "3", "--jsonl"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_command_says_the_same_of_the_store_as_of_the_log(words, log, shipped, command):
    here, there = command(*words, "-p", log), command(*words, "-p", shipped)
    assert there.returncode == here.returncode, there.stderr

    def plain(text):
        try:
            found = json.loads(text)
        except ValueError:
            return text
        return json.loads(
            json.dumps(found), object_hook=lambda o: {k: v for k, v in o.items() if k != "file"}
        )

    assert plain(there.stdout) == plain(here.stdout)


def test_the_url_may_be_the_last_word(shipped, command):
    for words in (
        ["ls", shipped],
        ["show", shipped],
        ["show", "@last", shipped],
        ["export", "md", "@last", shipped],
        ["doctor", shipped],
    ):
        done = command(*words)
        assert done.returncode == 0, done.stderr


def test_a_segment_is_fetched_once_and_a_new_one_is_seen(log, shipped):
    first = fetched(shipped)
    times = {file.name: file.stat().st_mtime_ns for file in segments(first)}
    assert first.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in segments(first)} == {0o600}
    with steplog.Recorder(log) as recorder, recorder.run("three"):
        pass
    list(fleet.ship(log, shipped))
    again = fetched(shipped)
    assert again == first
    now = {file.name: file.stat().st_mtime_ns for file in segments(again)}
    assert len(now) == len(times) + 1
    assert {name: now[name] for name in times} == times
    assert steplog.read(shipped).run("@last").name == "three"


def test_what_was_deleted_in_the_store_is_not_read_any_more(shipped):
    import s3fs

    [first, *_] = sorted(s3fs.S3FileSystem(use_listings_cache=False).find(shipped))
    assert len(steplog.read(shipped).runs) == 10
    s3fs.S3FileSystem(use_listings_cache=False).rm(first)
    assert len(steplog.read(shipped).runs) == 5


def test_a_segment_that_is_cut_in_the_store_is_an_error_that_names_it(shipped):
    import s3fs

    fs = s3fs.S3FileSystem(use_listings_cache=False)
    [first, *_] = sorted(fs.find(shipped))
    fs.pipe_file(first, fs.cat_file(first)[:-7])
    with pytest.raises(steplog.LogError, match=r"\.jsonl\.zst did not arrive whole"):
        steplog.read(shipped)


def test_more_than_the_limit_is_refused_with_the_ways_out(shipped, monkeypatch):
    monkeypatch.setenv("STEPLOG_CACHE_BYTES", "100")
    with pytest.raises(steplog.LogError, match=r"dt=.* or ask it with --engine spark"):
        steplog.read(shipped)


def test_the_store_that_was_not_read_for_longest_makes_room(log, shipped, monkeypatch):
    other = f"{shipped}-others"
    (log / ".shipped").unlink()
    list(fleet.ship(log, other))
    first = fetched(shipped)
    os.utime(first / ".used", (1, 1))
    size = sum(file.stat().st_size for file in segments(first))
    monkeypatch.setenv("STEPLOG_CACHE_BYTES", str(size * 3 // 2))
    fetched(other)
    assert not first.exists()


def test_without_a_cache_it_is_read_as_well(shipped, monkeypatch, tmp_path):
    monkeypatch.setenv("STEPLOG_CACHE", "off")
    assert len(steplog.read(shipped).runs) == 10
    assert not (tmp_path / "cache").exists()


def test_a_folder_of_shipped_segments_is_a_log_and_nothing_of_it_is_copied(log, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    list(fleet.ship(log, str(tmp_path / "store")))
    for where in (tmp_path / "store", f"file://{tmp_path}/store"):
        found = steplog.read(where)
        assert len(found.runs) == 10
        assert all(file.is_symlink() for file in found.segments)
    [day] = (tmp_path / "store").iterdir()
    assert len(ask.listing(steplog.read(day)).rows) == 10


@pytest.mark.parametrize("url", ["s3://no-such-bucket/logs", "file:///nowhere/at/all"])
def test_nothing_there_is_said_as_of_a_path(url, bucket, command):
    done = command("ls", url)
    assert done.returncode == 2
    assert f"there is no log at {url}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_of_other_files_is_no_log(bucket):
    import s3fs

    s3fs.S3FileSystem(use_listings_cache=False).pipe_file(f"{bucket}/readme.txt", b"hello")
    with pytest.raises(steplog.NotALog, match="none of the 1 files"):
        steplog.read(bucket)


@pytest.mark.parametrize("words", [["pack"], ["prune", "--keep-bytes", "1"], ["ship", "elsewhere"]])
def test_a_store_is_only_read(words, bucket, command):
    done = command(*words, "-p", bucket)
    assert done.returncode == 2
    assert "a store is only read" in done.stderr


@pytest.mark.parametrize(
    "words", [["tail", "-f"], ["export", "otlp", "--follow", "-p"]], ids=["tail", "otlp"]
)
def test_a_store_is_not_followed(words, bucket, command):
    assert "a store is not followed" in command(*words, bucket).stderr


def test_the_shell_does_not_wait_for_a_store(monkeypatch):
    import click

    from steplog._cli import complete
    from steplog._cli.show import show

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where nobody answers
    context = click.Context(show)
    context.params["path_option"] = "s3://bucket/logs"
    assert complete.runs(context, show.params[0], "") == []


@pytest.mark.parametrize(
    ("missing", "url", "way_out"),
    [
        ("fsspec", "s3://bucket/logs", "pip install 'steplog[fleet]'"),
        ("s3fs", "s3://bucket/logs", "pip install s3fs"),
        ("nothing", "nosuch://bucket/logs", "nosuch:// cannot be used here"),
    ],
)
def test_what_is_not_installed_is_said_with_the_way_out(missing, url, way_out, tmp_path):
    program = f"import sys\nsys.modules[{missing!r}] = None\nfrom steplog._cli.main import main\nmain()"
    for words in (["ls", url], ["ship", url, "-p", tmp_path]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode in (1, 2)
        assert way_out in done.stderr
        assert "Traceback" not in done.stderr


def test_two_readers_at_once_have_the_same_log(shipped):
    program = "import sys, steplog\nprint(len(steplog.read(sys.argv[1]).runs))"
    readers = [
        subprocess.Popen([sys.executable, "-c", program, shipped], stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert [reader.communicate(timeout=120)[0].strip() for reader in readers] == [b"10"] * 3
