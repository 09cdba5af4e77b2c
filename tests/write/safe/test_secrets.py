"""What the writer does about secrets: telling keys, cuts, ids that need no look, and what is remembered as clean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import steplog
from made_secrets import made
from steplog._secrets.known_values import KNOWN
from steplog._secrets.texts import masked
from steplog._write.safe.plain_names import KEYS, is_harmless
from steplog._write.safe.secrets import CLEAN, is_clean, is_own_id, know_secrets
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings

SETTINGS = Settings.load("x", environ={})


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("password", "password"),
        ("API_KEY", "api_key"),
        ("x-api-key", "x_api_key"),
        ("Authorization", "authorization"),
        ("openai_api_key", "openai_api_key"),
        ("clientSecret", "clientsecret"),
        ("cookie", "cookie"),
    ],
)
def test_a_telling_key_masks_its_value(key, kind):
    walk = Walk(SETTINGS)
    assert walk.value({key: "short"}, 0, ()) == {key: f"[masked:{kind}]"}
    assert walk.masked == {kind: 1}


def test_keys_about_tokens_of_text_mask_nothing():
    value = {"tokens": 5, "max_tokens": 4096, "token": 7, "prompt_tokens": 12, "secret": None, "key": "k"}
    assert Walk(SETTINGS).value(value, 0, ()) == value


def test_a_secret_across_a_cut_is_not_half_kept():
    secret = made("sk-{A40}")
    text = "a" * 190 + f" {secret} " + "b " * 60_000
    assert secret[:8] not in json.dumps(Walk(SETTINGS).value(text, 0, ()))


def test_masking_can_be_switched_off():
    walk = Walk(Settings.load("x", environ={}, redact=False))
    value = {"password": "hunter2", "t": made("sk-{A40}"), "pairs": [{"name": "password", "value": "x"}]}
    assert walk.value(value, 0, ()) == value


def test_names_that_are_no_texts_cost_no_line():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.llm(tools=[{"name": "look"}, ["deep"]]), run.node("n", triggers=[["a"], {"b": 1}]):
            pass
    found = {r["ev"]: r for r in sink.records}
    assert found["llm.start"]["extra"]["tools"] == [{"name": "look"}, ["deep"]]
    assert found["node.start"]["extra"]["triggers"] == [["a"], {"b": 1}]
    assert "log.error" not in found


@given(
    text=st.text("0123456789abcdef-", min_size=1, max_size=64),
    start=st.sampled_from(["", "lc_run--", "run-"]),
)
def test_ids_that_are_told_by_their_characters_have_no_tokens_shape(text, start):
    if is_own_id(start + text):
        assert masked(start + text, {}) == start + text


def test_an_id_of_a_frameworks_is_told_by_its_characters():
    for shape in (
        "{H8}-{H4}-{H4}-{H4}-{H12}",
        "{H32}",
        "lc_run--{H8}-{H4}-{H4}-{H4}-{H12}-0",
        "run-{H8}-{H4}-{H4}-{H4}-{H12}",
    ):
        assert is_own_id(made(shape))
    for shape in ("fc-{H32}", "{H32}-{H8}-{H8}", "dapi{H32}", "name"):
        assert not is_own_id(made(shape))


def test_an_id_that_this_process_knows_to_be_secret_is_none():
    value = made("{H8}-{H4}-{H4}-{H4}-{H12}", "a key that looks like an id")
    assert is_own_id(value)
    know_secrets([value])
    assert not is_own_id(value)
    assert is_own_id(made("{H32}"))


def test_what_was_clean_is_looked_at_again_when_one_more_secret_is_known():
    value = made("{L14}", "clean so far")
    assert is_clean(value)
    assert is_harmless(value)
    assert value in CLEAN
    assert value in KEYS
    know_secrets([value])
    assert value not in CLEAN
    assert value not in KEYS
    assert not is_clean(value)
    assert not is_harmless(value)
    assert KNOWN.kinds[value] == "redact_values"


def test_the_definition_of_a_tool_that_was_plain_is_walked_again_when_one_more_secret_is_known():
    value = made("{L14}", "in a definition")
    definition = [{"name": "tool", "description": f"asks {value} first"}]
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder:
        for again in range(2):
            with recorder.run("r") as run, run.llm(messages=[], tool_defs=definition):
                pass
            if not again:
                know_secrets([value])
    first, second = [record["tool_defs"] for record in sink.records if record["ev"] == "llm.start"]
    assert value in repr(first)
    assert value not in repr(second)


def test_importing_the_package_reads_no_environment_and_compiles_no_rule():
    import subprocess
    import sys

    program = "import sys, steplog; print([m for m in sys.modules if m.startswith('steplog._')])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "_secrets" not in done.stdout
