"""Which run and which log a command means, where little is said."""

import pytest
from click.testing import CliRunner

from sample_log import OTHER_RUN, weather
from steplog._cli.main import steplog


def call(*args):
    return CliRunner().invoke(steplog, [str(arg) for arg in args])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with two logs: `steplogs`, and `logs2` with a run of another name."""
    monkeypatch.chdir(tmp_path)
    weather().write_in(tmp_path / "steplogs")
    other = weather()
    for record in other.records:
        if "run" in record:
            record["run"] = OTHER_RUN
        if record["ev"] == "run.start":
            record["name"] = "second"
    other.write_in(tmp_path / "logs2")
    return tmp_path


def test_show_alone_is_the_last_run(place):
    assert call("show").output.startswith("forecast  ok")


def test_show_of_a_log_is_its_last_run(place):
    assert call("show", "logs2").output.startswith("second  ok")
    assert call("show", place / "logs2").output.startswith("second  ok")


def test_a_log_stands_behind_the_run_and_behind_the_step(place):
    assert call("show", "@last", "logs2").output.startswith("second  ok")
    assert call("show", "@last", "4", "logs2").output.startswith("step 4  llm gpt-x")


def test_step_0_is_the_input_and_output_of_the_run_itself(place):
    shown = call("show", "@last", "0").output
    assert "What is the weather in Oslo?" in shown
    assert "four degrees." in shown
    assert "tool weather" not in shown


def test_what_begins_like_a_run_is_one_even_where_a_file_has_that_name(place):
    weather().write_in(place / "8f")
    assert call("show", "8f").output.startswith("forecast")
    assert call("show", "./8f").output.startswith("forecast")


def test_today_and_yesterday_are_times(place):
    done = call("ls", "--since", "yesterday")
    assert (done.exit_code, "no runs" in done.stderr) == (1, True)
    assert "forecast" in call("ls", "--until", "today").output
