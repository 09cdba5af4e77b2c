"""`steplog doctor --environment`: what a bug report needs, no secret, and whether recording works here."""

import json
import sys

import steplog

SECRET = "sk-proj-" + "a1B2c3D4" * 5


def test_a_report_says_versions_what_is_installed_and_that_recording_works(desk):
    done = desk.steplog("doctor", "--environment", STEPLOG_CONTENT="preview")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert f"steplog      {steplog.__version__}" in text
    assert "langchain-core" in text
    assert "setting      content = preview (from STEPLOG_CONTENT)" in text
    assert text.splitlines()[-1] == "recording    works: one run was written and read back"
    assert not desk.log.exists(), "nothing is left behind"


def test_no_secret_and_no_home_is_in_it(desk):
    done = desk.steplog(
        "doctor", "--environment", "--json",
        HOME=str(desk.folder), OPENAI_API_KEY=SECRET, STEPLOG_CHAIN_KEY=SECRET, STEPLOG_REDACT_VALUES=SECRET,
        STEPLOG_PATH=str(desk.folder / "logs"),
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert SECRET not in done.stdout.decode()
    assert str(desk.folder) not in done.stdout.decode()
    assert found["settings"]["chain_key"]["value"] == "(set)"
    assert found["log"]["path"] == "~/logs"


def test_a_place_that_cannot_be_written_is_said(desk):
    desk.write("file", "")
    done = desk.steplog("doctor", "--environment", "--json", STEPLOG_PATH="file/logs")
    assert json.loads(done.stdout)["log"]["can be written"] == "no"


def test_where_recording_does_not_work_it_says_so(desk):
    program = "from steplog._cli.main import main; main()"
    limited = 'ulimit -f 0; exec "$0" -c "$1" doctor --environment'
    done = desk.plain("sh", "-c", limited, sys.executable, program)
    assert done.returncode == 1
    assert b"recording    does not work: " in done.stdout


def test_a_setting_that_cannot_be_is_a_problem(desk):
    done = desk.steplog("doctor", "--environment", STEPLOG_MAX_DEPTH="no number")
    assert done.returncode == 0
    assert b"problem      max_depth" in done.stdout


def test_it_stands_alone(desk):
    assert desk.steplog("doctor", "--environment", "--verify").returncode == 2
