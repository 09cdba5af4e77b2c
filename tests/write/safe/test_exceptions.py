"""An error says what Python would print of it, and what it was caused by; whatever its code does is contained."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

import steplog
from steplog._format.line import encode
from steplog._write.safe.exceptions import describe, message_of
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings

SECRET = "sk-abcdefghijklmnop0123456789"


def raised(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001 - the exception is what is wanted
        return error
    raise AssertionError("nothing was raised")


def logged(call, **settings):
    """The `error` of the tool step in which `call` fails."""
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, **settings) as recorder:
        try:
            with recorder.run("r") as run, run.tool("t"):
                call()
        except BaseException:  # noqa: BLE001 - it is in the log
            pass
    assert [line for line in sink.records if line["ev"] == "log.error"] == []
    return next(line for line in sink.records if line["ev"] == "tool.end")["error"]


def raises(error, cause=None):
    def call():
        raise error from cause

    return call


class OnlyStrError(Exception):
    def __init__(self, number):
        self.number = number

    def __str__(self):
        return f"number {self.number}"


def test_requests_says_which_host_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = logged(lambda: requests.get(f"http://127.0.0.1:{port}/x", timeout=5))
    assert error["type"] == "ConnectionError"
    assert f"port={port}" in error["message"]
    assert "Connection refused" in error["message"]
    assert [cause["type"] for cause in error["causes"]] == [
        "MaxRetryError",
        "NewConnectionError",
        "ConnectionRefusedError",
    ]
    assert [cause["depth"] for cause in error["causes"]] == [1, 2, 3]


def test_subprocess_says_which_command_failed_and_how():
    error = logged(lambda: subprocess.run([sys.executable, "-c", "exit(3)"], check=True))
    assert "returned non-zero exit status 3" in error["message"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OnlyStrError(4), "number 4"),
        (KeyError("k"), "'k'"),
        (ValueError("bad", 1), "('bad', 1)"),
        (ValueError({"code": 5}), "{'code': 5}"),
        (OSError(2, "No such file", "/x"), "[Errno 2] No such file: '/x'"),
        (RuntimeError(ValueError("inner")), "inner"),
        (ValueError(), ""),
        (ExceptionGroup("several", [ValueError(), KeyError()]), "several (2 sub-exceptions)"),
    ],
)
def test_the_message_is_what_python_prints(error, message):
    assert message_of(error) == message == str(error)


def recurse(self):
    return str(self)


def shown(code):
    return type("Odd", (Exception,), {"__str__": code})("from the arguments")


def leave(_):
    raise SystemExit(3)


def interrupt(_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "code", [leave, interrupt, recurse, lambda _: 1 / 0, lambda _: sys.exit(1), lambda _: 5, lambda _: None]
)
def test_whatever_a_str_raises_its_arguments_are_told_instead(code):
    error = logged(raises(shown(code)))
    assert (error["type"], error["message"]) == ("Odd", "from the arguments")


def test_ctrl_c_pressed_while_an_error_says_what_it_is_reaches_the_program():
    def slow(_):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10_000):
            time.sleep(0)

    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        message_of(shown(slow))


def test_a_text_of_a_class_of_its_own_is_a_text():
    loud = type("Loud", (str,), {"__len__": lambda _: 1 / 0, "__str__": lambda _: 1 / 0})
    assert type(message_of(shown(lambda _: loud("said")))) is str


def test_a_message_is_bounded_and_masked():
    error = logged(raises(ValueError(f"{SECRET} " + "x y " * 200_000)))
    kept = error["message"]["$cut"]
    assert kept["head"].startswith("[masked:openai_key] x y ")
    assert len(kept["head"]) + len(kept["tail"]) <= 128 * 1024
    assert kept["setting"] == "max_value_bytes"


def test_arguments_that_would_take_long_to_print_are_not_printed():
    class Slow:
        def __repr__(self):
            time.sleep(0.1)
            return "slow"

    began = time.monotonic()
    assert message_of(ValueError([Slow()] * 5000)) == "list"
    assert message_of(ValueError("at row 5", list(range(1_000_000)))) == "at row 5"
    ring = []
    ring.append(ring)
    assert message_of(ValueError(ring))
    assert time.monotonic() - began < 2


def test_a_cause_a_context_that_is_shown_and_none_that_is_suppressed():
    def caused():
        try:
            raise KeyError("first")
        except KeyError as error:
            raise RuntimeError("second") from error

    def meanwhile():
        try:
            raise KeyError("first")
        except KeyError:
            raise RuntimeError("second")  # noqa: B904 - that there is a context is the matter

    def suppressed():
        try:
            raise KeyError("first")
        except KeyError:
            raise RuntimeError("second") from None

    first = {"depth": 1, "type": "KeyError", "message": "'first'"}
    for call, how in ((caused, "cause"), (meanwhile, "context")):
        (found,) = logged(call)["causes"]
        assert found.pop("at").endswith(f"in {call.__qualname__}")
        assert found == {"how": how, **first}
    assert "causes" not in logged(suppressed)


def test_members_of_groups_stand_under_their_group_and_notes_by_their_error():
    member = KeyError("k")
    member.add_note(f"while {SECRET} was in use")
    inner = ExceptionGroup("inner", [member])
    inner.__cause__ = OSError("below")
    error = logged(raises(ExceptionGroup("outer", [ValueError("a"), inner]), TimeoutError("late")))
    assert [(c["depth"], c["how"], c["type"]) for c in error["causes"]] == [
        (1, "cause", "TimeoutError"),
        (1, "group", "ValueError"),
        (1, "group", "ExceptionGroup"),
        (2, "cause", "OSError"),
        (2, "group", "KeyError"),
    ]
    assert error["causes"][-1]["notes"] == ["while [masked:openai_key] was in use"]


def test_a_long_chain_keeps_its_two_ends_and_a_circle_ends():
    error = ValueError(0)
    for number in range(1, 400):
        outer = ValueError(number)
        outer.__cause__ = error
        error = outer
    causes = logged(raises(error, error.__cause__))["causes"]
    assert len(causes) == 17
    assert causes[8] == {"$cut": {"items": 399}}
    assert [causes[0]["message"], causes[-1]["message"]] == ["398", "0"]
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert [c["message"] for c in describe(one)["causes"]] == ["two"]


def test_a_thousand_members_are_eight():
    group = ExceptionGroup("many", [ValueError(n) for n in range(1000)])
    assert [c["message"] for c in describe(group)["causes"]] == [str(n) for n in range(8)]


def test_a_long_message_that_causes_repeat_stands_once():
    text = "word " * 100
    error = logged(raises(RuntimeError(text), ValueError(text)))
    assert error["message"] == text
    assert "message" not in error["causes"][0]


def test_where_an_error_only_passes_its_causes_are_not_told_again():
    sink = steplog.MemorySink()
    with pytest.raises(RuntimeError), steplog.Recorder(sink=sink) as recorder:
        with recorder.run("r") as run, run.node("n") as node, node.tool("t"):
            raise RuntimeError("x") from KeyError("k")
    tool, node, end = (line["error"] for line in sink.records if "error" in line)
    assert "causes" in tool
    assert {**node, **end} == {"type": "RuntimeError", "message": "x", "step": 2}


def plain(value):
    found = Walk(Settings.load("x", environ={})).value(value, 0, (1, "data"))
    encode({"": found})
    return found


def test_an_error_that_is_a_value_says_what_its_arguments_do_not():
    assert plain(OnlyStrError(4)) == {"$type": f"{__name__}.OnlyStrError", "args": [4], "message": "number 4"}
    assert plain(ValueError("bad", 1)) == {"$type": "ValueError", "args": ["bad", 1]}
    assert plain(ValueError()) == {"$type": "ValueError"}
    assert plain(shown(recurse))["args"] == ["from the arguments"]


def test_of_many_errors_that_are_values_the_first_say_what_they_are():
    calls = []
    odd = type("Odd", (Exception,), {"__str__": lambda _: calls.append(1) or "said"})
    found = plain([odd() for _ in range(100)])
    assert [one.get("message") for one in found].count("said") == len(calls) == 8


def test_a_class_whose_arguments_raise_is_still_an_error():
    cruel = type("Cruel", (Exception,), {"args": property(lambda _: 1 / 0), "__str__": lambda _: 1 / 0})
    assert logged(raises(cruel("x")))["type"] == "Cruel"
    assert plain(cruel("x"))["args"] == ["x"]


def test_a_member_that_was_being_handled_when_its_group_was_raised_is_told_as_a_member():
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ExceptionGroup("both", [error, ValueError("second")])  # noqa: B904 - as programs do
    except ExceptionGroup as group:
        causes = describe(group)["causes"]
    assert [(cause["how"], cause["type"]) for cause in causes] == [
        ("group", "KeyError"),
        ("group", "ValueError"),
    ]
