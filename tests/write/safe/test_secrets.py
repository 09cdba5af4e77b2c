"""Secrets are masked wherever they stand; what is no secret stays."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steplog
from steplog._write.safe.secrets import _SHAPES, is_own_id, masked, may_hold_secret, secret_key_kind
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx\nabc=\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("openai_key", "sk-proj-abcdefghijklmnop0123456789"),
        ("openai_key", "sk-abcdefghijklmnop0123456789"),
        ("anthropic_key", "sk-ant-api03-abcdefghijklmnop"),
        ("aws_key", "AKIAIOSFODNN7EXAMPLE"),
        ("github_token", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("github_token", "github_pat_11ABCDEFG0abcdefghijkl"),
        ("slack_token", "xoxb-123456789012-abcdefghijkl"),
        ("google_key", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
        ("jwt", JWT),
        ("hf_token", "hf_abcdefghijklmnopqrstuvwxyz"),
        ("stripe_key", "sk_live_abcdefghijklmnop"),
        ("npm_token", "npm_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("pypi_token", "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZmdoaWprbG1ub3A"),
        ("gitlab_token", "glpat-abcdefghijklmnopqrst"),
        ("private_key", PEM),
    ],
)
def test_a_token_is_masked_by_its_shape_inside_any_text(kind, secret):
    counts: dict[str, int] = {}
    assert masked(f"before {secret} after", counts) == f"before [masked:{kind}] after"
    assert counts == {kind: 1}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgres://joe:hunter2@db/x", "postgres://joe:[masked:url_password]@db/x"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [masked:bearer]"),
        ('{"api_key": "abcdef123456"}', '{"api_key": "[masked:assignment]"}'),
        ("OPENAI_API_KEY=abcdef123456 python x.py", "OPENAI_API_KEY=[masked:assignment] python x.py"),
        ('{\\"password\\": \\"abcdef123456\\"}', '{\\"password\\": \\"[masked:assignment]\\"}'),
    ],
)
def test_only_the_secret_part_of_a_longer_form_is_masked(text, left):
    assert masked(text, {}) == left


@pytest.mark.parametrize(
    "text",
    [
        "the token count is 512 and the secret of tea is time",
        "ask-me-anything about risk-management-and-compliance",
        "https://example.org/a:b@c is odd, http://example.org is not",
        "max_tokens: 4096, total_tokens=12000",
        "the function eyJ is not a jwt",
        "git log --oneline ghosts",
    ],
)
def test_plain_prose_is_left_as_it_is(text):
    assert masked(text, {}) == text


@pytest.mark.parametrize(
    "key", ["password", "API_KEY", "x-api-key", "Authorization", "openai_api_key", "clientSecret"]
)
def test_a_telling_key_masks_its_value(key):
    walk = Walk(Settings.load("x", environ={}))
    assert walk.value({key: "short"}, 0, ()) == {key: f"[masked:{secret_key_kind(key)}]"}
    assert sum(walk.masked.values()) == 1


FILLINGS = st.sampled_from(["a word, ", "snake_case-and-dashes = 2.9: I, A@J://", "-_: ", "é日\n"])


@settings(max_examples=800, deadline=None, derandomize=True)
@given(secret=st.from_regex(_SHAPES), filling=FILLINGS, size=st.sampled_from([0, 50, 1000]))
def test_the_quick_look_denies_no_text_that_has_a_secrets_shape(secret, filling, size):
    around = (filling * (size // len(filling) + 1))[:size]
    text = f"{around} {secret} {around}"
    assert may_hold_secret(text) or _SHAPES.sub("", text) == text


def test_keys_about_tokens_of_text_mask_nothing():
    value = {"tokens": 5, "max_tokens": 4096, "token": 7, "prompt_tokens": 12, "secret": None, "key": "k"}
    assert Walk(Settings.load("x", environ={})).value(value, 0, ()) == value


def test_a_secret_across_a_cut_is_not_half_kept():
    walk = Walk(Settings.load("x", environ={}))
    text = "a" * 190 + " sk-abcdefghijklmnop0123456789 " + "b " * 60_000
    assert "sk-abc" not in json.dumps(walk.value(text, 0, ()))


def test_masking_can_be_switched_off():
    walk = Walk(Settings.load("x", environ={}, redact=False))
    value = {"password": "hunter2", "t": "sk-abcdefghijklmnop0123456789"}
    assert walk.value(value, 0, ()) == value


def test_a_users_redactor_adds_to_ours_and_its_failure_drops_the_text():
    def names(text):
        if "crash" in text:
            raise RuntimeError
        return text.replace("Alice", "[name]")

    walk = Walk(Settings.load("x", environ={}, redactor=names))
    assert walk.value(["Alice", "crash Alice"], 0, ()) == ["[name]", "[masked:redactor_failed]"]


def test_a_users_redactor_sees_the_names_of_tools_each_time():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink, redactor=lambda text: text.replace("search", "[x]")) as recorder:
        with recorder.run("r") as run:
            for _ in range(2):
                with run.llm(messages=[], tools=["search"]):
                    pass
    assert [r["tools"] for r in sink.records if r["ev"] == "llm.start"] == [["[x]"], ["[x]"]]


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
def test_ids_that_are_told_by_their_characters_have_no_secrets_shape(text, start):
    assert is_own_id(start + text)
    assert masked(start + text, {}) == start + text
    assert not _SHAPES.search(start + text)
