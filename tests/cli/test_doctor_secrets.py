"""`steplog doctor --secrets`: the rules of today over logs of any age; it names the place and the kind, never the secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import steplog
from made_secrets import CORPORA, made
from steplog._read.secrets_in_log import secrets_in_log

STEPLOG = str(Path(sys.executable).parent / "steplog")


def doctor(path, *more, **environ):
    return subprocess.run(
        [STEPLOG, "doctor", str(path), "--secrets", *more],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def unmasked(tmp_path):
    """A log that was written without masking, and the secrets in it."""
    token, password = made("ghp_{A36}"), made("{A14}")
    path = tmp_path / "logs"
    with (
        steplog.Recorder(path, redact=False) as recorder,
        recorder.run("r", input={"password": password}) as run,
    ):
        with run.tool("t", args={"text": f"use {token}", "n": {"tokens": 5}}) as call:
            call.set(result=[{"name": "api_key", "value": password}])
        with run.tool("nothing", args={"query": "how are passwords stored?"}):
            pass
    return path, token, password


def test_it_names_file_line_field_and_kind_and_exits_with_1(unmasked):
    path, token, password = unmasked
    (file,) = path.iterdir()
    done = doctor(path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"secret     password: {file.name}, line 2, in input",
        f"secret     github_token: {file.name}, line 3, in args",
        f"secret     api_key: {file.name}, line 4, in result",
    ]
    told = doctor(path, "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout) == {
        "path": str(path),
        "secrets": [
            {"file": str(file), "line": 2, "kind": "password", "field": "input"},
            {"file": str(file), "line": 3, "kind": "github_token", "field": "args"},
            {"file": str(file), "line": 4, "kind": "api_key", "field": "result"},
        ],
        "unread": [],
    }
    assert not any(
        secret in out
        for secret in (token, password)
        for out in (done.stdout, done.stderr, told.stdout, told.stderr)
    )


def test_a_log_that_was_masked_has_none(tmp_path):
    with steplog.Recorder(tmp_path) as recorder, recorder.run("r", input={"password": "pw", "n": 5}) as run:
        for text in (CORPORA / "innocent.txt").read_text("utf-8").split("\n%%\n"):
            run.custom("c", data=text)
        run.custom("c", data=made("ghp_{A36}"))
    done = doctor(tmp_path)
    assert (done.returncode, done.stdout) == (0, "no secret that the rules of today know\n")
    assert json.loads(doctor(tmp_path, "--json").stdout)["secrets"] == []


def test_values_of_the_shells_environment_are_looked_for_as_well(tmp_path):
    value = made("{L14}", "of the shell")
    with steplog.Recorder(tmp_path) as recorder, recorder.run(f"about {value}"):
        pass
    assert doctor(tmp_path).returncode == 0
    done = doctor(tmp_path, ACME_TOKEN=value)
    assert done.returncode == 1
    assert "acme_token" in done.stdout
    assert value not in done.stdout + done.stderr


def test_half_a_line_and_lines_of_others_are_looked_at_too(tmp_path):
    token = made("ghp_{A36}")
    file = tmp_path / "log.jsonl"
    file.write_text(
        '{"ev":"log.open","v":1}\n{"ev":"run.start","run":"r","input":"use '
        + token
        + "\nnot json: "
        + token
        + "\n"
    )
    found = secrets_in_log(file)
    assert [(one.line, one.kind, one.field) for one in found.found] == [
        (2, "github_token", ""),
        (3, "github_token", ""),
    ]


def test_names_that_are_secrets_are_not_said(tmp_path):
    token = made("ghp_{A36}")
    file = tmp_path / "log.jsonl"
    file.write_text(
        json.dumps({"ev": "custom.point", "run": "r", token: 1, "data": {f"{token}_password": "x"}}) + "\n"
    )
    found = secrets_in_log(file)
    assert {(one.kind, one.field) for one in found.found} == {
        ("github_token", ""),
        ("github_token", "data"),
        ("secret", "data"),
    }
    assert token not in doctor(file).stdout


def test_a_packed_log_is_looked_at_and_a_damaged_one_is_named(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    token = made("ghp_{A36}")
    data = zstd.compress(
        b'{"ev":"log.open","v":1}\n'
        + json.dumps({"ev": "custom.point", "run": "r", "data": token}).encode()
        + b"\n"
    )
    whole, half = (
        tmp_path / name / "20260101T000000000000Z-1-abcdefgh.jsonl.zst" for name in ("whole", "half")
    )
    for file, content in ((whole, data), (half, data[:-12])):
        file.parent.mkdir()
        file.write_bytes(content)
    assert [one.kind for one in secrets_in_log(whole.parent).found] == ["github_token"]
    assert len(secrets_in_log(half.parent).unread) == 1
    assert doctor(half.parent).returncode == 1


def test_it_stands_alone(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"ev":"log.open","v":1}\n')
    done = doctor(tmp_path, "--verify")
    assert done.returncode == 2
    assert "--secrets stands alone" in done.stderr


def test_deep_and_strange_lines_make_no_exception(tmp_path):
    file = tmp_path / "log.jsonl"
    deep = "[" * 400 + "]" * 400
    file.write_bytes(
        b'{"ev":"custom.point","run":"r","data":' + deep.encode() + b'}\n\xff\xfe\0\n[]\n5\n"x"\n{}\n\n'
    )
    assert secrets_in_log(file).found == []
