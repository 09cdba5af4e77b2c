"""Failures are told by kind: what differs each time does not count, and the newest is told with what led to it."""

import contextlib

import pytest

import steplog
from steplog import ask
from steplog._read.runs.fingerprints import kind_of_message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 1017 is missing", "order 9 is missing"),
        ("no file /tmp/a1/x.json", "no file /var/log/other/y.json"),
        ("req_011CQ8xyz failed", "req_0z9YYabc failed"),
        ("run 8f3a1c2b4d5e6f70 died", "run 0011223344556677 died"),
        ("id 01a2b3c4-d5e6-7f80-8f3a-1c2b4d5e6f70", "id 11a2b3c4-d5e6-7f80-8f3a-1c2b4d5e6f70"),
        ("at 0x7f00aa", "at 0x1100bb"),
        ("POST https://a.example/x?y=1 refused", "POST https://a.example/z refused"),
        ("mail to olga@example.com bounced", "mail to x.y@example.org bounced"),
        ("took 2.5 s", "took 12:30 s"),
        ("two\n lines", "two lines"),
    ],
)
def test_what_differs_each_time_does_not_count(one, other):
    assert kind_of_message(one) == kind_of_message(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("connection refused", "connection reset"),
        ("no such order", "no such customer"),
        ("KeyError: name", "KeyError: city"),
    ],
)
def test_other_words_are_another_kind(one, other):
    assert kind_of_message(one) != kind_of_message(other)


def test_a_message_of_a_megabyte_is_cut_in_no_time():
    assert len(kind_of_message("a1b2c3-" * 200_000)) <= 200


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("errors") / "logs"
    with steplog.Recorder(path) as recorder:
        for number in range(5):
            with contextlib.suppress(ConnectionError), recorder.run("refund", metadata={"n": number}) as run:
                with run.llm(model="m-1", messages=[{"role": "user", "content": "go"}]) as call:
                    calls = [{"id": "c", "name": "charge", "args": {"order": number}}]
                    call.set(message={"role": "assistant", "content": "charging", "tool_calls": calls})
                with run.node("tools") as node, node.tool("charge", args={"order": number}, call_id="c"):
                    raise ConnectionError(f"order {number}: no answer from 10.0.0.{number}")
        with contextlib.suppress(ValueError), recorder.run("report") as run, run.llm(model="m-1"):
            raise ValueError("context too long")
        with contextlib.suppress(KeyError), recorder.run("plain"):
            raise KeyError("name")
        with recorder.run("fine") as run, run.tool("charge", args={"order": 9}):
            pass
    return steplog.read(path)


def test_each_kind_counts_once_where_it_began_with_first_and_last_time(log):
    found = ask.errors(log)
    assert [(each.type, each.kind, each.name, each.count, each.runs) for each in found] == [
        ("ConnectionError", "tool", "charge", 5, 5),
        ("ValueError", "llm", "m-1", 1, 1),
        ("KeyError", "run", "plain", 1, 1),
    ]
    assert found[0].message == "order <n>: no answer from <n>"
    assert found[0].first < found[0].last
    assert found[1].first == found[1].last


def test_the_newest_is_told_whole_with_the_step_that_asked_for_it(log):
    newest = ask.errors(log)[0]
    assert newest.example == "order 4: no answer from 10.0.0.4"
    assert log.run(newest.run).metadata == {"n": 4}
    assert (newest.led.kind, newest.led.said) == ("llm", 'charging charge({"order": 4})')
    assert newest.as_json()["led"]["step"] == 1


def test_only_runs_asked_for_count_and_only_so_many_kinds(log):
    one = log.runs[0].id
    assert [each.count for each in ask.errors(log, runs={one})] == [1]
    assert len(ask.errors(log, limit=2)) == 2


def test_a_kind_has_the_same_fingerprint_in_every_log(log, tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, contextlib.suppress(ValueError):
        with recorder.run("report") as run, run.llm(model="m-1"):
            raise ValueError("context too long")
    (other,) = ask.errors(steplog.read(tmp_path / "log"))
    assert other.fingerprint == ask.errors(log)[1].fingerprint


def test_a_name_is_found_where_the_start_stands_far_away(tmp_path):
    with steplog.Recorder(tmp_path / "log", rotate_bytes=50_000) as recorder, contextlib.suppress(ValueError):
        with recorder.run("long") as run, run.tool("slow", args={}):
            for number in range(300):
                run.custom("noise", {"n": number, "text": f"{number:900}"})
            raise ValueError("late")
    log = steplog.read(tmp_path / "log")
    assert len(log.segments) > 2
    assert [each.name for each in ask.errors(log)] == ["slow"]
