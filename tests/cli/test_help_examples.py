"""The examples at the end of each command's help work as they stand there."""

import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

import steplog
from steplog._cli.command import ReadCommand
from steplog._cli.main import _COMMANDS
from steplog._cli.main import steplog as cli

COMMANDS = {name: cli.get_command(None, name) for name in _COMMANDS}
READING = {name: command for name, command in COMMANDS.items() if isinstance(command, ReadCommand)}
EXAMPLES = [
    (name, example)
    for name, command in READING.items()
    for example in command.examples
    if name not in ("view", "mcp")
]  # which serve until somebody ends them
NEED_DUCKDB = ("stats", "cost", "sql")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A working directory with a log in `steplogs`, and the `steplog` command on the path."""
    folder = tmp_path_factory.mktemp("examples")
    with steplog.Recorder(folder / "steplogs") as recorder:
        for number in range(3):
            fields = {"thread": f"t{number}", "metadata": {"user": "u-17"}, "input": "Where is the Danube?"}
            try:
                with recorder.run("support", **fields) as run:
                    messages = [{"role": "user", "content": "Where is the Danube?"}]
                    for turn in range(2):
                        with run.llm(model="gpt-4o", provider="openai", messages=messages) as call:
                            asked = [
                                {
                                    "id": f"c{turn}",
                                    "name": "refund",
                                    "args": {"order": 7, "note": "order 12 Danube"},
                                }
                            ]
                            answer = {"role": "assistant", "content": "", "tool_calls": asked}
                            call.set(
                                message=answer,
                                usage={"input_tokens": 200 + number, "output_tokens": 5},
                                finish_reason="length",
                            )
                        messages = [*messages, answer]
                        with run.tool(
                            "refund", args={"order": 7, "note": "order 12"}, call_id=f"c{turn}"
                        ) as tool:
                            tool.set(result="quota exceeded for the Danube")
                    if number == 2:
                        raise ConnectionError("quota exceeded")
            except ConnectionError:
                pass
    binaries = folder / "bin"
    binaries.mkdir()
    script = binaries / "steplog"
    script.write_text(f"#!{sys.executable}\nfrom steplog._cli.main import main\nmain()\n")
    script.chmod(0o755)
    return folder


@pytest.mark.parametrize("name", READING)
def test_the_help_of_a_command_ends_with_three_examples_of_it(name):
    shown = CliRunner().invoke(cli, [name, "--help"]).output.partition("\nExamples:\n")[2].splitlines()
    assert len(shown) >= 3
    assert all(re.match(rf"  (\w+=\S+ )?steplog {name}\b", line) for line in shown)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_works_as_it_stands_there(place, name, example):
    if name == "ship":
        pytest.importorskip("fsspec")
    if name in NEED_DUCKDB or "parquet" in example:
        pytest.importorskip("duckdb")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("STEPLOG")}
    environment["PATH"] = f"{place / 'bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["sh", "-c", example],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout or done.returncode == 1 or ">" in example or " -o " in example


@pytest.mark.parametrize(
    "name", [name for name in READING if name not in ("demo", "schema", "config", "skill")]
)
def test_the_log_is_named_the_same_way_on_every_command(name):
    options = {option: parameter for parameter in READING[name].params for option in parameter.opts}
    assert "-p" in options
    assert "--path" in options
    arguments = [parameter for parameter in READING[name].params if parameter.param_type_name == "argument"]
    assert arguments[-1].make_metavar(None).endswith("[PATH]")


@pytest.mark.parametrize("name", ["ls", "tail", "errors", "grep", "sql", "stats", "cost", "export"])
def test_how_many_is_said_the_same_way_on_every_listing(name):
    options = {option for parameter in READING[name].params for option in parameter.opts}
    assert {"-n", "--limit"} <= options


def test_a_log_is_named_once(place):
    log = str(place / "steplogs")
    for words in (
        ["ls", log],
        ["ls", "-p", log],
        ["show", "@last", log],
        ["show", "@last", "1", log],
        ["postmortem", "@last", log],
        ["show", log],
        ["show", "@last", "0", log],
        ["export", "messages", "@last", log],
        ["export", "messages", log],
    ):
        assert CliRunner().invoke(cli, words).exit_code == 0
    result = CliRunner().invoke(cli, ["ls", log, "-p", log])
    assert result.exit_code == 2
    assert "two logs are named" in result.stderr


def test_the_json_of_a_command_is_the_result_of_the_function(place):
    from steplog import ask

    log = steplog.read(place / "steplogs")
    run, before = log.run("@last"), log.run("@-2")
    pairs = [
        (["ls"], ask.listing(log, also=["waste"]).as_json()),
        (["errors"], [each.as_json() for each in ask.errors(log)]),
        (["postmortem", "@last"], ask.postmortem(run).as_json()),
        (["grep", "quota"], [hit.as_json() for hit in ask.grep(log, ask.Pattern("quota"))]),
        (["diff", "@-2", "@last"], ask.diff(before, run).as_json()),
        (["compactions", "@last"], [each.as_json() for each in ask.compactions(run)]),
        (["show", "@last"], ask.run_data(run)),
        (["show", "@last", "1"], ask.step_data(run.step(1))),
        (["show", "@last", "--chat"], ask.conversation([run]).as_json()),
    ]
    try:
        import duckdb  # noqa: F401
    except ImportError:
        pass
    else:
        pairs.append((["stats", "--by", "model"], ask.stats(log, ["model"]).as_json()))
        pairs.append((["cost"], ask.cost(log).as_json()))
        pairs.append((["sql", "SELECT * FROM runs"], ask.sql(log, "SELECT * FROM runs").as_json()))
    for words, expected in pairs:
        shown = CliRunner().invoke(cli, [*words, "--json", "-p", str(place / "steplogs")]).stdout
        assert json.loads(shown) == json.loads(json.dumps(expected, default=str)), words


def test_the_shell_completes_ids_names_models_and_words(place):
    def offered(*words, last=""):
        env = {
            **os.environ, "_STEPLOG_COMPLETE": "bash_complete", "COMP_CWORD": str(len(words) + 1),
            "COMP_WORDS": " ".join(["steplog", *words, last]), "STEPLOG_PATH": str(place / "steplogs"),
        }  # fmt: skip
        done = subprocess.run(
            [str(place / "bin" / "steplog")], env=env, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.stderr == ""
        return {line.partition(",")[2] for line in done.stdout.splitlines()}

    ids = {run.id[:8] for run in steplog.read(place / "steplogs").runs}
    assert ids <= offered("show")
    assert offered("show", last="@l") == {"@last"}
    assert ids <= offered("diff", "@last")
    assert offered("ls", "--name") == {"support"}
    assert offered("ls", "--model", last="gpt") == {"gpt-4o"}
    assert {"t0", "t1", "t2"} == offered("ls", "--thread")
    assert "crashed" in offered("ls", "--status")
    assert "model" in offered("stats", "--by")


def test_completion_says_nothing_where_there_is_no_log(tmp_path):
    program = "from steplog._cli.main import main; main()"
    env = {
        **os.environ,
        "_STEPLOG_COMPLETE": "bash_complete",
        "COMP_CWORD": "2",
        "COMP_WORDS": "steplog show ",
        "STEPLOG_PATH": str(tmp_path / "none"),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")
