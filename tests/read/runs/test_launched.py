"""An asynchronous sub-agent of deepagents knows only its parent's thread: which step launched it is joined when reading."""

from __future__ import annotations

import json

import pytest

import steplog

PARENT = {"parent_thread_id": "t-boss", "subagent_name": "analyst", "parent_assistant_id": "a-1"}


def launch(run, name, **args):
    """A tool step as deepagents' own begin a sub-agent's run: the thread stands in its arguments or its answer."""
    thread = args.pop("thread")
    with run.tool(name, args=args) as tool:
        tool.set(result={"update": {"messages": [{"role": "tool", "content": f"task_id: {thread}"}]}})


@pytest.fixture
def log(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run("boss", thread="t-boss") as run:
            launch(run, "start_async_task", description="count", thread="t-other")
            launch(run, "start_async_task", description="weigh", thread="t-sub")
            launch(run, "check_async_task", task_id="t-sub", thread="t-sub")
        with recorder.run("worker", thread="t-sub", metadata=PARENT):
            pass
        with recorder.run("boss", thread="t-boss") as run:
            launch(run, "update_async_task", task_id="t-sub", thread="t-sub")
        with recorder.run("worker", thread="t-sub", metadata=PARENT):
            pass
        with recorder.run("stray", thread="t-elsewhere", metadata=PARENT):
            pass
        with recorder.run("orphan", thread="t-x", metadata={"parent_thread_id": "t-nobody"}):
            pass
    return steplog.read(tmp_path / "log")


def test_a_sub_agents_run_is_part_of_the_step_that_launched_it(log):
    boss, first, again, second, *_ = log.runs
    assert (first.parent_run, first.parent_step) == (boss.id, 2)
    assert (second.parent_run, second.parent_step) == (again.id, 1)


def test_where_no_step_is_known_it_is_part_of_the_newest_run_of_its_parents_thread(log):
    stray, orphan = log.runs[4:]
    assert (stray.parent_run, stray.parent_step) == (log.runs[2].id, None)
    assert (orphan.parent_run, orphan.parent_step) == ("", None)


def test_show_says_it_in_both_runs(log, desk):
    boss, first, *_ = log.runs
    path = str(log.path)
    assert f"part of run {boss.id} step 2" in desk.steplog("show", first.id, "-p", path).stdout.decode()
    said = f"step 2 launched run {first.id} analyst, ok"
    assert said in desk.steplog("show", boss.id, "-p", path).stdout.decode()


def test_ls_json_names_the_run_that_launched_it(log, desk):
    rows = desk.steplog("ls", "--jsonl", "-p", str(log.path)).stdout.splitlines()
    told = [(row.get("parent_run"), row.get("parent_step")) for row in map(json.loads, rows)]
    assert told[1] == (log.runs[0].id, 2)
