"""What an error was caused by stands below it; what a limit cut says so first, and which setting keeps more."""

import contextlib

from click.testing import CliRunner

import steplog
from steplog._cli.main import steplog as command
from steplog._show.preview import as_text
from steplog._show.run_tree import PLAIN, error_lines


def shown(error):
    return list(error_lines(error, "", PLAIN))


def test_causes_stand_below_the_error_each_deeper_than_what_it_caused():
    error = {
        "type": "ConnectError",
        "module": "httpx",
        "message": "no answer",
        "notes": ["while asking for tides"],
        "stack": ["a.py:1 in f"],
        "causes": [
            {"how": "cause", "depth": 1, "type": "OSError", "message": "refused", "at": "b.py:2 in g"},
            {"how": "context", "depth": 2, "type": "KeyError", "message": "'k'"},
            {"$cut": {"items": 40}},
            {"how": "group", "depth": 1, "type": "ValueError"},
        ],
    }
    assert shown(error) == [
        "! httpx.ConnectError: no answer",
        "  while asking for tides",
        "    a.py:1 in f",
        "  caused by OSError: refused",
        "      b.py:2 in g",
        "    while handling KeyError: 'k'",
        "  (cut: 40 items)",
        "  one of them ValueError: ",
    ]


def test_what_is_no_cause_in_a_damaged_log_is_shown_as_it_is():
    assert shown({"type": "E", "causes": [5, {"type": "F", "depth": "x"}, None]})[1:] == [
        "  5",
        "  caused by F: ",
        "  ",
    ]
    assert shown({"type": "E", "causes": 5, "notes": 5}) == ["! E: "]


def test_a_cut_says_first_that_it_is_one_and_shows_beginning_and_end():
    cut = {"bytes": 812345, "sha256": "0", "head": "once", "tail": "after.", "setting": "max_value_bytes"}
    assert as_text({"$cut": cut}) == "(cut: 812345 bytes, max_value_bytes) once … after."
    assert as_text({"$cut": {"bytes": 9, "head": "once"}}) == "(cut: 9 bytes) once…"
    assert as_text({"$cut": {"items": 5000, "setting": "max_items"}}) == "(cut: 5000 items, max_items)"
    assert as_text({"$cut": {"cycle": True}}) == "(cut: a circle)"


def test_the_tree_of_a_run_and_doctor_say_what_was_cut_and_by_which_setting(tmp_path):
    with (
        contextlib.suppress(ValueError),
        steplog.Recorder(tmp_path) as recorder,
        recorder.run("r") as run,
    ):
        with run.tool("page") as call:
            call.set(result="words and " * 100_000)
        with run.tool("fails"):
            raise ValueError("late") from KeyError("early")
    (found,) = steplog.read(tmp_path).runs
    assert "(cut: 1000000 bytes, max_value_bytes) words and" in str(found)
    assert "caused by KeyError: 'early'" in str(found)
    assert str(found.step(1)).count("words and") > 10_000
    done = CliRunner().invoke(command, ["doctor", str(tmp_path)])
    assert (
        "1 value was cut by a limit in tool page: STEPLOG_MAX_VALUE_BYTES=1000000 would have kept all"
        in done.output
    )
