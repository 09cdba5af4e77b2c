"""ATIF documents pass the format's own models, and say what happened."""

import json

import pytest
from atif import Trajectory

from steplog._export.atif import atif
from steplog._export.untold import Untold


def test_every_run_passes_the_validator(log):
    assert {run.status for run in log.runs} == {"ok", "error", "crashed", "interrupted"}
    for run in log.runs:
        Trajectory.model_validate(atif(run))


def test_a_model_call_has_its_tool_calls_their_results_and_its_tokens(run_named):
    run = run_named("five")
    document = atif(run)
    asked, first, second, last = document["steps"]
    assert (asked["source"], asked["message"]) == ("user", "look it up")
    assert first["tool_calls"] == [
        {"tool_call_id": "c1", "function_name": "search", "arguments": {"query": "tea"}}
    ]
    [result] = first["observation"]["results"]
    assert result["source_call_id"] == "c1"
    assert "quota exceeded" in result["content"]
    assert second["metrics"] == {"prompt_tokens": 20, "completion_tokens": 5, "cached_tokens": 8}
    assert last["message"] == "Done."
    assert document["final_metrics"]["total_prompt_tokens"] == run.totals["input_tokens"]


def test_tokens_that_nobody_told_are_not_zero(run_named):
    assert "metrics" not in atif(run_named("five"))["steps"][-1]


def test_a_sub_agent_is_embedded_and_referred_to(run_named):
    document = atif(run_named("team"))
    [inner] = document["subagent_trajectories"]
    assert inner["agent"]["name"] == "helper"
    assert [step["message"] for step in inner["steps"] if step["source"] == "agent"] == ["helped"]
    results = [r for step in document["steps"] for r in step.get("observation", {}).get("results", [])]
    assert [r["subagent_trajectory_ref"] for r in results if "subagent_trajectory_ref" in r] == [
        [{"trajectory_id": inner["trajectory_id"]}]
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [("crashed", "the process died while this ran"), ("failed", "failed: ValueError: the index is gone")],
)
def test_how_a_run_ended_is_its_last_step(run_named, name, words):
    last = atif(run_named(name))["steps"][-1]
    assert (last["source"], last["message"]) == ("system", words)


def test_a_question_to_a_human_is_told(log):
    waiting = next(run for run in log.runs if run.status == "interrupted")
    assert "asked a human: may I?" in [step["message"] for step in atif(waiting)["steps"]]


def test_what_could_not_be_told_is_counted(log):
    untold = Untold()
    for run in log.runs:
        atif(run, untold)
    assert "not told: 1 resumes" in list(untold.sentences())


def test_the_command_writes_a_folder_of_documents_or_lines(command, folder, tmp_path, log):
    done = command("export", "atif", "-p", folder, "-o", "out")
    assert done.returncode == 0
    assert {file.stem for file in (tmp_path / "out").iterdir()} == {run.id for run in log.runs}
    assert "not told: 1 resumes" in done.stderr
    lines = command("export", "atif", "-p", folder).stdout.splitlines()
    assert [json.loads(line)["trajectory_id"] for line in lines] == [run.id for run in log.runs]
