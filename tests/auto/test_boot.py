"""The boot: when `STEPLOG` is on, which path it names, and what it costs."""

from __future__ import annotations

import json

import pytest

WAITS = "import sys; print([type(f).__name__ for f in sys.meta_path].count('TriggerFinder'))"
RUN_ONE = "from langchain_core.runnables import RunnableLambda; RunnableLambda(str).invoke(1)"
PATH = "import os; print(os.environ.get('STEPLOG_PATH'))"


@pytest.mark.parametrize("value", ["", "0", "false", "False", "NO", "off", " "])
def test_a_no_leaves_the_process_as_it_is(desk, value):
    assert desk.boot(WAITS, STEPLOG=value).stdout == b"0\n"


def test_without_the_variable_the_process_is_left_as_it_is(desk):
    done = desk.boot(WAITS + "; print('steplog._auto.finder' in sys.modules)")
    assert done.stdout == b"0\nFalse\n"


@pytest.mark.parametrize("value", ["1", "true", "YES", "On"])
def test_a_yes_waits_for_a_framework_and_leaves_the_path_to_the_default(desk, value):
    assert desk.boot(WAITS + "\n" + PATH, STEPLOG=value).stdout == b"1\nNone\n"


def test_anything_else_is_a_yes_and_the_path_made_absolute(desk):
    switch = WAITS + "; import os; print(os.environ['STEPLOG'])"
    assert desk.boot(switch, STEPLOG="my/logs").stdout == f"1\n{desk.folder}/my/logs\n".encode()


def test_a_path_in_steplog_path_is_made_absolute_too_and_goes_before_one_in_steplog(desk):
    done = desk.boot(PATH + f"\n{RUN_ONE}", STEPLOG="mine", STEPLOG_PATH="theirs")
    assert done.stdout == f"{desk.folder}/theirs\n".encode()
    assert list(desk.runs(desk.folder / "theirs").values()) == [1]


def test_the_log_is_where_steplog_says_even_if_the_program_changes_its_directory(desk):
    desk.write("elsewhere/keep", "")
    assert desk.boot(f"import os; os.chdir('elsewhere'); {RUN_ONE}", STEPLOG="my/logs").returncode == 0
    assert list(desk.runs(desk.folder / "my/logs").values()) == [1]


def test_nothing_is_imported_until_the_program_imports_a_framework(desk):
    modules = "import json, sys; json.dump([*sys.modules], sys.stdout)"
    without = set(json.loads(desk.python("-c", "import steplog, __future__; " + modules).stdout))
    booted = set(json.loads(desk.boot(modules, STEPLOG="1").stdout))
    # steplog_auto, where that package is installed, has booted before
    assert booted - without - {"steplog_auto"} == {
        "steplog._auto",
        "steplog._auto.boot",
        "steplog._auto.finder",
    }
    assert (
        not {"langchain_core", "llama_index", "langchain_steplog", "orjson", "pathlib", "click", "typing"}
        & booted
    )


def test_a_program_that_uses_no_framework_leaves_no_log(desk):
    assert desk.boot("print(1)", STEPLOG="1").returncode == 0
    assert not desk.log.exists()
