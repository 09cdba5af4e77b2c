"""Secrets of no known shape stand in no byte that is written or said, whatever place of a run they come by."""

import base64
import html
import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

import steplog
from made_secrets import made, recipes
from steplog._write.settings.settings import Settings, SettingsError

SHAPES = [
    "{A8}", "{A9}", "{A12}", "{A16}", "{A20}", "{A24}", "{A32}", "{A40}", "{A43}", "{A64}", "{W10}", "{W22}", "{W36}", "{W80}",
    "{H8}", "{H16}", "{H32}", "{H40}", "{H64}", "{U10}", "{U26}", "{L8}", "{L12}", "{L24}", "{D9}", "{D12}", "{D20}", "{P9}", "{P14}",
    "{P32}", "acme_{A20}", "acme-live-{H24}", "{L4}-{L5}-{L6}-{L4}", "{L5}.{L6}.{D4}", "{H8}-{H4}-{H4}-{H4}-{H12}", "{A22}:{A22}",
    "{A20}+{A10}/{A9}==", "{A40}==", "pass phrase {L6} {L5}", "é{A12}ß", 'say "{A9}"', "back\\{A9}", "'{A12}'", "<{A12}&>", "{A10} {A10}",
    "{A6}@{A6}!", "{U4}-{U4}-{U4}-{U4}", "key:{A14}", "{L10}{D4}", "µ{L9}",
]  # fmt: skip


class RefusedError(Exception):
    pass


def place_texts(run, value):
    run.set(output=f"the value is {value}, it is")


def place_keys(run, value):
    run.custom("c", data={value: 1, "deep": [{f"x {value}": {"y": value}}]})


def place_messages(run, value):
    with run.llm(
        messages=[
            {"role": "user", "content": f"use {value}"},
            {"role": "tool", "name": value, "tool_call_id": value, value: 1},
        ]
    ) as call:
        call.set(
            message={
                "role": "assistant",
                "content": value,
                "tool_calls": [{"id": value, "name": value, "args": {value: value}, value: 2}],
            }
        )


def place_models(run, value):
    with run.llm(model=value, provider=value, params={value: value}, tools=[value]) as call:
        call.set(finish_reason=value, response_id=value, model=f"x-{value}")


def place_usage(run, value):
    with run.llm(model="m") as call:
        call.set(usage={"input_tokens": 3, value: 4, "note": value, "deep": {value: [value]}})


def place_keywords(run, value):
    with run.tool("t", **{value: 1, "other": value, f"x{value}": value}):
        pass


def place_names(run, value):
    with run.tool(value, call_id=value), run.node(value, triggers=[value, f"branch:{value}"]):
        run.custom(value)
    run.retry(2, error=value)


def place_errors(run, value):
    with pytest.raises(RefusedError), run.tool("t"):
        raise type(f"Odd{value}", (RefusedError,), {})(f"cannot use {value}", value)
    run.custom("c", data=[RefusedError(value), type(f"Odd{value}", (), {})])


def place_json(run, value):
    inner = json.dumps({"v": value})
    run.custom(
        "c",
        data=[
            json.dumps({"i": inner}),
            repr({"v": value}),
            f"<v>{html.escape(value)}</v>",
            json.dumps([value], ensure_ascii=False),
        ],
    )


def place_urls(run, value):
    run.custom(
        "c",
        data=[
            f"https://x/?q={urllib.parse.quote(value, safe='')}",
            urllib.parse.urlencode({"q": value}),
            f"https://x/{urllib.parse.quote(value)}",
        ],
    )


def place_base64(run, value):
    for text in (value, f"joe:{value}", f"a:{value}:b", f"ab:{value}"):
        run.custom("c", data=base64.b64encode(text.encode()).decode())
        run.custom("c", data={"h": f"Basic {base64.urlsafe_b64encode(text.encode()).decode()}"})


def place_documents(run, value):
    with run.retriever("r", query=value) as call:
        call.set(
            documents=[{"id": value, "score": 1.0, "content": f"… {value} …", "metadata": {"source": value}}]
        )
    with run.tool("t", args=(value, {value}, [b"x", value])) as call:
        call.set(result={"error": {"detail": f"bad value {value!r}"}})


PLACES = [place for name, place in sorted(globals().items()) if name.startswith("place_")]


def forms(value):
    """What would be a leak in the bytes of a line."""
    data = value.encode()
    texts = {value, urllib.parse.quote(value, safe=""), urllib.parse.quote(value), html.escape(value)}
    texts |= {json.dumps(text)[1:-1] for text in texts} | {
        json.dumps(text, ensure_ascii=False)[1:-1] for text in texts
    }
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode()
        texts |= {
            whole[4 * (before > 0) : -4],
            whole[4 * (before > 0) : -4].replace("+", "-").replace("/", "_"),
        }
    return {text for text in texts if len(text) >= 8}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__.removeprefix("place_"))
def test_no_value_of_the_environment_is_on_disk_from_any_place(place, tmp_path, monkeypatch):
    values = [made(shape, f"{place.__name__} {at}") for at, shape in enumerate(SHAPES)]
    for at, value in enumerate(values):
        monkeypatch.setenv(f"ACME_{at}_TOKEN" if at % 2 else f"SERVICE_{at}_KEY", value)
    with steplog.Recorder(tmp_path / "logs") as recorder:
        for value in values:
            with recorder.run(
                f"run {value}", input={"q": value}, thread=value, tags=[value], metadata={value: value}
            ) as run:
                place(run, value)
    written = b"".join(file.read_bytes() for file in (tmp_path / "logs").iterdir()).decode()
    assert "log.error" not in written
    assert [(value, form) for value in values for form in forms(value) if form in written] == []


def test_a_value_that_came_into_the_environment_in_the_middle_of_a_run_is_masked_from_the_next_line_on(
    monkeypatch,
):
    sink = steplog.MemorySink()
    value = made("{A20}", "in the middle")
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        run.custom(value, data={value: value})  # harmless so far, and remembered as such
        monkeypatch.setenv("LATE_TOKEN", value)
        run.custom(value, data={value: value})
        with run.llm(model=value, messages=[{"role": "user", "content": value}]):
            pass
    assert value in repr(sink.records[2])
    assert value not in repr(sink.records[3:])


def test_values_given_as_redact_values_are_masked_and_never_shown(capsys):
    value, other = made("{L12}", "given"), made("{A30}", "given")
    sink = steplog.MemorySink()
    with (
        steplog.Recorder(sink=sink, redact_values=(value, other)) as recorder,
        recorder.run("r", input=f"{value} {other}"),
    ):
        pass
    assert sink.records[1]["input"] == "[masked:redact_values] [masked:redact_values]"
    settings = Settings.load("x", environ={}, redact_values=[value, other], chain_key=other)
    assert value not in repr(settings)
    assert other not in repr(settings)
    assert settings.redact_values == (value, other)


@pytest.mark.parametrize("given", ["one text", 5, None, [5], ["short"], [""], {"a": 1}])
def test_redact_values_that_cannot_be_are_named_without_their_value(given):
    if given is None:
        assert Settings.load("x", environ={}, redact_values=None).redact_values == ()
        return
    with pytest.raises(SettingsError, match="redact_values") as caught:
        Settings.load("x", environ={}, redact_values=given)
    assert "short" not in str(caught.value).replace("as shorter", "")


def test_redact_values_of_the_environment_are_parted_by_blanks():
    settings = Settings.load("x", environ={"STEPLOG_REDACT_VALUES": " first-value\nsecond-value "})
    assert settings.redact_values == ("first-value", "second-value")
    problems = []
    settings = Settings.load("x", environ={"STEPLOG_REDACT_VALUES": "first-value tiny"}, warn=problems.append)
    assert settings.redact_values == ()
    assert "redact_values[1] has 4 characters" in problems[0]
    assert "tiny" not in problems[0]


def test_no_complaint_says_a_secret(capfd, tmp_path):
    key, value = made("{A30}", "key"), made("{A30}", "value")
    token = made("ghp_{A36}")
    with steplog.Recorder(tmp_path, chain=True, chain_key=key, redact_values=[value]):
        steplog.Recorder(tmp_path, chain=True, chain_key=key + "x", redact_values=[value + "y"]).close()
    with pytest.raises(SettingsError) as caught:
        steplog.Recorder(tmp_path, content=token)
    from steplog._write.guard import complain

    complain("test", f"cannot use {token}")
    said = capfd.readouterr().err + str(caught.value)
    assert "another chain_key" in said
    assert "[masked:github_token]" in said
    assert not any(secret in said for secret in (key, value, token))


def test_our_own_failure_is_told_without_secrets():
    token = made("ghp_{A36}")
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r"):
        recorder._steps.report("here", RuntimeError(f"cannot use {token}"))
    (error,) = [record for record in sink.records if record["ev"] == "log.error"]
    assert error["error"]["message"] == "cannot use [masked:github_token]"


def test_what_config_shows_has_no_secret(tmp_path):
    value = made("{A30}", "config")
    environ = os.environ | {"STEPLOG_REDACT_VALUES": value, "STEPLOG_CHAIN_KEY": value + "k"}
    command = [str(Path(sys.executable).parent / "steplog"), "config"]
    for more in ([], ["--json"]):
        done = subprocess.run(
            [*command, *more],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "(set)" in done.stdout
        assert value not in done.stdout + done.stderr


TELLING = [
    ("password", "pw"), ("passwords", ["a", "b"]), ("secrets", {"a": "b"}), ("auth", ("joe", "pw")), ("pass", "x"), ("HF_TOKEN", "x"), ("JWT_SECRET", "x"),
    ("ENCRYPTION_KEY", b"bytes"), ("session_id", "x"), ("otp", 123456), ("password", 20241231), ("pin_code", 1234), ("cookie", "a"), ("Set-Cookie", "a"),
    ("Authorization", "raw"), (b"password", "pw"), (b"authorization", b"raw"), ("api_key", object()), ("credentials", [1]), ("clientSecret", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), TELLING, ids=[str(key) for key, _ in TELLING])
def test_what_stands_under_a_telling_key_is_hidden_whole_at_any_place(key, value):
    name = key.decode() if isinstance(key, bytes) else key
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", metadata={key: value}) as run:
        run.custom("c", data=[{"deep": {key: value}}])
        with run.llm(messages=[{"role": "user", "content": "x", key: value}]):
            pass
        with run.tool("t", args={key: value}, **({name: value} if name.isidentifier() else {})):
            pass
    hidden = f"[masked:{name.lower().replace('-', '_')}]"
    start, custom, model, tool = (
        next(r for r in sink.records if r["ev"] == ev)
        for ev in ("run.start", "custom.point", "llm.start", "tool.start")
    )
    assert start["metadata"] == {name: hidden}
    assert custom["data"] == [{"deep": {name: hidden}}]
    assert model["messages"][0]["extra"] == {name: hidden}
    assert tool["args"] == {name: hidden}
    assert not name.isidentifier() or tool["extra"] == {name: hidden}


@pytest.mark.parametrize("pair", [{"name": "password", "value": "pw"}, {"key": "api_key", "value": 123456}, {"Name": "Token", "Value": "x"}, {"header": "Cookie", "value": "a"}, ("Authorization", "raw words"), ["x-api-key", "k"]], ids=repr)  # fmt: skip
def test_a_pair_hides_its_value_by_its_name(pair):
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input={"pairs": [pair]}):
        pass
    (written,) = sink.records[1]["input"]["pairs"]
    value = written.get("value", written.get("Value")) if isinstance(written, dict) else written[1]
    assert value.startswith("[masked:")


@pytest.mark.parametrize(
    "value",
    [
        {
            "token": 5,
            "tokens": 12,
            "max_tokens": 4096,
            "prompt_tokens": 3,
            "password": None,
            "secret": "",
            "api_key": False,
            "pass": 12,
        },
        {"token": "Hello", "logprob": -0.3, "bytes": [1, 2]},
        {
            "properties": {
                "password": {"type": "string", "description": "to log in"},
                "token": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            }
        },
        {"required": ["password", "token"], "name": "color", "value": "red"},
        {
            "nextPageToken": "abc",
            "eos_token": "</s>",
            "PWD": "/home/ann",
            "key": "a",
            "code": "b",
            "signature": "c",
        },
        ["authorization", "cookie"],
        [{"name": "city", "value": "Berlin"}],
    ],
    ids=repr,
)
def test_what_tells_of_no_secret_stays(value):
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input={"v": value}):
        pass
    assert sink.records[1]["input"] == {"v": value}
    assert "masked" not in sink.records[-2]


def test_the_default_of_a_parameter_that_is_a_password_is_hidden_and_its_type_is_not():
    sink = steplog.MemorySink()
    schema = {"properties": {"password": {"type": "string", "default": "pw-1"}}}
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input=schema):
        pass
    assert sink.records[1]["input"] == {
        "properties": {"password": {"type": "string", "default": "[masked:example]"}}
    }


def test_a_key_that_is_a_secret_itself_is_not_said_by_the_kind_of_what_stands_under_it():
    token = made("ghp_{A36}")
    sink = steplog.MemorySink()
    with (
        steplog.Recorder(sink=sink) as recorder,
        recorder.run("r", input={f"{token} password": "pw", token: 1, f"{token}": 2}),
    ):
        pass
    assert token.lower() not in repr(sink.records).lower()
    assert sink.records[-2]["masked"]["secret"] == 1


def test_two_keys_that_are_masked_alike_both_stay():
    one, two = made("ghp_{A36}", 1), made("ghp_{A36}", 2)
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input={one: 1, two: 2}):
        pass
    assert sorted(sink.records[1]["input"].values()) == [1, 2]


@pytest.mark.parametrize(("kind", "recipe"), [row[:2] for row in recipes("tokens.txt") if len(row) == 2][::7])
def test_a_token_is_masked_on_its_way_to_the_file_and_counted(kind, recipe):
    secret = made(recipe)
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", input=f"use {secret}"):
        pass
    assert sink.records[1]["input"] == f"use [masked:{kind}]"
    assert sink.records[-2]["masked"] == {kind: 1}
