"""Tokens of providers are masked by their shapes, wherever in a text they stand; each shape has its own test."""

import json

import pytest

from made_secrets import made, recipes
from steplog._secrets.texts import masked, secrets_in
from steplog._secrets.token_shapes import PARTED, SHAPES

TOKENS = [(kind, recipe, before[0] if before else "") for kind, recipe, *before in recipes("tokens.txt")]
AROUND = [
    "before {} after",
    "{}",
    '{{"deep": ["{}"]}}',
    "x={}&y=1",
    "https://example.org/verify/{}/done",
    "one\n{}\ntwo",
    "one\\n{}\\ntwo",  # JSON in a text
    "q%3D{}%26x",
    "\x1b[32m{}\x1b[0m",
    "'{}',",
    "`{}`.",
    "<b>{}</b>",
]


@pytest.mark.parametrize(("kind", "recipe", "before"), TOKENS, ids=[f"{k} {r}"[:60] for k, r, _ in TOKENS])
def test_a_token_is_masked_by_its_shape_in_any_text(kind, recipe, before):
    for seed in range(20):
        secret = made(recipe, seed)
        stays = made(before, seed)
        counts = {}
        assert masked(f"before {stays}{secret} after", counts) == f"before {stays}[masked:{kind}] after"
        assert counts == {kind: 1}


@pytest.mark.parametrize(("kind", "recipe", "before"), TOKENS, ids=[f"{k} {r}"[:60] for k, r, _ in TOKENS])
def test_nothing_of_a_token_is_left_whatever_stands_around_it(kind, recipe, before):
    if before:
        pytest.skip("what stands before it is part of its shape")
    for at, around in enumerate(AROUND):
        secret = made(recipe, at)
        text = masked(around.format(secret), {})
        assert not any(secret[i : i + 8] in text for i in range(4, len(secret) - 7)), (around, text)
        assert "[masked:" in text


@pytest.mark.parametrize("row", [*SHAPES, *PARTED], ids=lambda row: f"{row[0]} {row[1]}"[:60])
def test_each_shape_of_the_table_has_a_secret_in_the_corpus_that_no_other_finds(row):
    kind, heads, _ = row
    begins = [head.replace("%A", "") for head in heads.split()]
    ours = [made(recipe) for its, recipe, _ in TOKENS if its == kind]
    assert any(begin in secret for begin in begins for secret in ours)


def test_kinds_that_were_masked_in_version_0_1_are_masked_behind_a_dash_as_well():
    for recipe in (
        "ghp_{A36}",
        "AKIA{U16}",
        "xoxb-{D12}-{A24}",
        "hf_{A34}",
        "npm_{A36}",
        "glpat-{W20}",
        "AIzaSy{W33}",
    ):
        secret = made(recipe)
        assert secret not in masked(f"old-{secret} backup_x", {})


def test_several_in_a_row_are_masked_each():
    one, two = made("ghp_{A36}"), made("sk-ant-api03-{W60}")
    assert (
        masked(f"{one} {two},{one}", {})
        == "[masked:github_token] [masked:anthropic_key],[masked:github_token]"
    )


def test_what_two_rules_find_is_one_secret_of_the_plainer_kind():
    secret = made("ghp_{A36}")
    counts = {}
    assert masked(f"GITHUB_TOKEN={secret}", counts) == "GITHUB_TOKEN=[masked:github_token]"
    assert counts == {"github_token": 1}
    assert [kind for _, _, kind in secrets_in(json.dumps({"token": secret}))] == ["github_token"]


def test_a_private_key_is_masked_to_its_end_or_to_the_end_of_what_is_left_of_it():
    for what in (
        "RSA PRIVATE KEY",
        "PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "EC PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "ENCRYPTED PRIVATE KEY",
    ):
        body = made("{A64}") + "\n" + made("{A20}") + "=="
        key = f"-----BEGIN {what}-----\n{body}\n-----END {what}-----"
        assert masked(f"a {key} b", {}) == "a [masked:private_key] b"
        assert masked(f"a {key[:60]}", {}) == "a [masked:private_key]"
        assert masked(json.dumps({"k": key}), {}) == '{"k": "[masked:private_key]"}'


def test_what_was_masked_is_left_as_it_is():
    for text in (
        "[masked:openai_key]",
        "api_key=[masked:assignment]",
        '{"password": "[masked:password]"}',
        "Bearer [masked:bearer]",
    ):
        assert masked(text, {}) == text
