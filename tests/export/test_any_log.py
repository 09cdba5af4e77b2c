"""Every format on logs that are not as one would wish: none, empty, cut off, with a line of fifty megabytes, with secrets."""

import json
import os

import pytest

import steplog
from steplog import export

TARGETS = ("otlp", "parquet", "html", "md", "chrome", "messages", "atif")
KEY = "sk-proj-" + "a1B2" * 12


def words(target, log):
    return (
        ["export", "parquet", "out", log]
        if target == "parquet"
        else ["export", target, "-o", "out.json", "-p", log]
    )


def recorded(folder, result="ok", **given):
    with steplog.Recorder(folder) as recorder:
        for name in ("one", "two"):
            with recorder.run(name, input="hello", **given) as run:
                with run.llm("m", messages=[{"role": "user", "content": "hello"}]) as call:
                    call.set(message={"role": "assistant", "content": "hi"})
                with run.tool("t", args={"key": KEY}) as tool:
                    tool.set(result=result)
    [file] = folder.glob("*.jsonl")
    return file


@pytest.mark.parametrize("target", TARGETS)
def test_no_log_is_wrong_usage_that_names_the_path_and_makes_no_file(target, command, tmp_path):
    done = command(*words(target, "./nowhere"))
    assert done.returncode == 2
    assert done.stderr.startswith("steplog: there is no log at nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "parquet"])
def test_an_empty_log_is_a_no_and_makes_no_file(target, command, tmp_path):
    (tmp_path / "log").mkdir()
    done = command(*words(target, "log"))
    assert (done.returncode, done.stderr) == (1, "steplog: no runs that fit\n")
    assert [file.name for file in tmp_path.iterdir()] == ["log"]


def test_an_empty_log_adds_nothing_to_parquet(command, tmp_path):
    (tmp_path / "log").mkdir()
    done = command(*words("parquet", "log"))
    assert done.returncode == 0
    assert done.stdout.startswith("out: 0 runs, ")


@pytest.mark.parametrize("target", TARGETS)
def test_a_torn_end_is_said_and_the_rest_is_there(target, command, tmp_path):
    file = recorded(tmp_path / "log")
    os.truncate(file, file.stat().st_size - 20)
    done = command(*words(target, "log"))
    assert done.returncode == 0, done.stderr
    assert f"unfinished last line in {file.relative_to(tmp_path)}" in done.stderr
    assert list((tmp_path).glob("out*"))


@pytest.mark.parametrize(
    "target",
    [
        name if name in ("parquet", "messages") else pytest.param(name, marks=pytest.mark.torture)
        for name in TARGETS
    ],
)
def test_a_line_of_fifty_megabytes_is_no_obstacle(target, command, tmp_path):
    file = recorded(tmp_path / "log")
    lines = file.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if '"tool.end"' in line)
    lines[at] = json.dumps(json.loads(lines[at]) | {"result": "Z" * 50_000_000})
    file.write_text("\n".join(lines) + "\n")
    done = command(*words(target, "log"))
    assert done.returncode == 0, done.stderr
    if target in ("otlp", "atif"):
        assert sum(file.stat().st_size for file in tmp_path.rglob("*.json")) > 50_000_000
    if target == "parquet":
        import duckdb

        [(most,)] = duckdb.sql(
            f"SELECT max(length(result)) FROM '{tmp_path}/out/tool_calls/*/*.parquet'"
        ).fetchall()
        assert most >= 50_000_000


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_masked_in_the_log_stays_masked(target, command, tmp_path):
    recorded(tmp_path / "log", result=f"the key is {KEY}", metadata={"token": KEY})
    assert command(*words(target, "log")).returncode == 0
    for file in tmp_path.rglob("out*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes()
    if target == "parquet":
        import duckdb

        for view in (tmp_path / "out").glob("[a-z]*"):
            if list(view.rglob("*.parquet")):
                assert KEY not in str(duckdb.sql(f"SELECT * FROM '{view}/*/*.parquet'").fetchall())


def test_what_chat_messages_have_no_place_for_is_counted(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run, run.tool("t"):
        pass
    untold = export.Untold()
    assert list(export.chat_messages(steplog.read(tmp_path / "log").runs, untold=untold)) == []
    assert list(untold.sentences()) == ["not told: 1 runs without a model call"]


def test_runs_of_one_id_are_documents_of_their_own(command, tmp_path):
    for name in ("first", "second"):
        with steplog.Recorder(tmp_path / "log") as recorder, recorder.run(name, id="0123456789abcdef"):
            pass
    done = command("export", "atif", "-o", "documents", "-p", "log")
    assert done.returncode == 0, done.stderr
    names = {json.loads(file.read_text())["agent"]["name"] for file in (tmp_path / "documents").iterdir()}
    assert names == {"first", "second"}
