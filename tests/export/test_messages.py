"""Chat messages: the prompts as they were sent, with the answer last."""

import json

from steplog._export.messages import chat_messages


def test_a_run_is_its_last_call_with_the_answer(run_named):
    [line] = chat_messages([run_named("five")])
    assert [message["role"] for message in line["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]
    assert line["messages"][-1]["content"] == "Done."
    assert line["messages"][1]["tool_calls"][0]["args"] == {"query": "tea"}
    assert line["run"] == run_named("five").id


def test_each_agent_of_a_team_has_a_line(run_named):
    answers = [line["messages"][-1]["content"] for line in chat_messages([run_named("team")])]
    assert sorted(answers) == ["done", "helped"]


def test_each_call_has_a_line_where_that_is_asked_for(run_named):
    assert len(list(chat_messages([run_named("five")], per="call"))) == 3


def test_openais_shape_has_arguments_as_text_and_nothing_of_ours(run_named):
    [line] = chat_messages([run_named("five")], shape="openai")
    assert line.keys() <= {"messages", "tools"}
    call = line["messages"][1]["tool_calls"][0]
    assert call == {
        "id": "c1",
        "type": "function",
        "function": {"name": "search", "arguments": '{"query": "tea"}'},
    }
    assert line["messages"][2] == {
        "role": "tool",
        "content": line["messages"][2]["content"],
        "tool_call_id": "c1",
        "name": "search",
    }


def test_the_command_takes_runs_of_one_status_only(command, folder, log):
    done = command("export", "messages", "--only", "ok", "-p", folder)
    runs = {json.loads(line)["run"] for line in done.stdout.splitlines()}
    assert runs == {run.id for run in log.runs if run.status == "ok"}


def test_no_fitting_run_is_a_no(command, folder):
    done = command("export", "messages", "--only", "cancelled", "-p", folder)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "steplog: no runs that fit\n")
