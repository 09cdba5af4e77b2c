"""Secrets of no shape are masked by the form in which a text gives them away."""

import base64
import re

import pytest

from made_secrets import CORPORA, made, recipes
from steplog._secrets.texts import masked

FORMS = recipes("forms.txt")
INNOCENT = (CORPORA / "innocent.txt").read_text("utf-8").split("\n%%\n")


def unescaped(form):
    """`\\n` is a line end, but not where a form is JSON in a text."""
    return form if '\\"' in form or "\\\\" in form else form.replace("\\n", "\n").replace("\\t", "\t")


@pytest.mark.parametrize(("shape", "form"), FORMS, ids=[form[:60] for _, form in FORMS])
def test_no_piece_of_a_secret_is_left_in_a_form_that_gives_it_away(shape, form):
    before, _, after = unescaped(form).partition("{S}")
    for seed in range(12):
        secret = made("{" + shape + "}", seed)
        text = masked(before + secret + after, {})
        assert "[masked:" in text
        assert not any(secret[i : i + 5] in text for i in range(len(secret) - 4)), text


@pytest.mark.parametrize(("shape", "form"), FORMS, ids=[form[:60] for _, form in FORMS])
def test_what_stands_around_it_stays(shape, form):
    before, _, after = unescaped(form).partition("{S}")
    text = masked(before + made("{" + shape + "}") + after, {})
    kept = re.sub(r"\[masked:\w+\]", "", text)
    # What belongs to the secret may go with it: the padding of base64, other cookies, the rest of a password.
    assert kept.startswith(before[:8])
    assert kept == before + after or len(before + after) - len(kept) < 100


@pytest.mark.parametrize("text", INNOCENT, ids=[text[:50].replace("\n", " ") for text in INNOCENT])
def test_an_innocent_text_stays_as_it_is(text):
    assert masked(text, {}) == text
    assert masked(f"{text}\n\n{text}", {}) == f"{text}\n\n{text}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("postgres://joe:hunter2@db/x", "postgres://joe:[masked:url_password]@db/x"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [masked:bearer]"),
        ('{"api_key": "abcdef123456"}', '{"api_key": "[masked:assignment]"}'),
        ("OPENAI_API_KEY=abcdef123456 python x.py", "OPENAI_API_KEY=[masked:assignment] python x.py"),
        ('{\\"password\\": \\"abcdef123456\\"}', '{\\"password\\": \\"[masked:assignment]\\"}'),
        ('{"password": "two words, and more"}', '{"password": "[masked:assignment]"}'),
        ('{"password": "quo\\"ted1"}', '{"password": "[masked:assignment]"}'),
        ("Cookie: a=1234; b=5678\nHost: x", "Cookie: [masked:cookie]\nHost: x"),
        ("curl -u joe:hunter22 https://x", "curl -u joe:[masked:option] https://x"),
    ],
)
def test_only_the_secret_part_of_a_longer_form_is_masked(text, left):
    assert masked(text, {}) == left


def test_json_in_json_is_masked_at_any_depth_of_escaping():
    text, secret = f'{{"token": "{made("{A20}")}"}}', made("{A20}")
    for depth in range(7):
        assert secret not in masked(f"log: {text} end", {}), depth
        assert "[masked:assignment]" in masked(text, {})
        text = '{"inner": "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"}'


def test_credentials_of_basic_authentication_are_told_by_what_they_decode_to():
    word = base64.b64encode(b"joe:hunter2x").decode()
    assert masked(f"Basic {word}", {}) == "Basic [masked:bearer]"
    assert masked(f"Authorization: Basic {base64.b64encode(b'a:b').decode()}", {}).endswith("[masked:bearer]")
    assert masked("Basic Troubleshooting", {}) == "Basic Troubleshooting"
