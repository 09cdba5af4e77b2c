"""Names tell of secrets by their ends, however they are written; names of counts and cursors do not."""

import pytest

from steplog._secrets.names import ENDS_OF_NAMES, hides_number, telling


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "PASSWORD",
        "passwords",
        "passwd",
        "pwd",
        "Pwd",
        "pass",
        "DB_PASS",
        "userPass",
        "passphrase",
        "passcode",
        "secret",
        "secrets",
        "JWT_SECRET",
        "client_secret",
        "clientSecret",
        "token",
        "TOKEN",
        "access_token",
        "accessToken",
        "refresh-token",
        "HF_TOKEN",
        "github_token",
        "botToken",
        "id_token",
        "csrf_token",
        "api_tokens",
        "api_key",
        "apiKey",
        "API-KEY",
        "apikey",
        "openai_api_key",
        "openaiapikey",
        "OPENAI_KEY",
        "X-API-Key",
        "secret_key",
        "private_key",
        "privateKey",
        "ENCRYPTION_KEY",
        "signing_key",
        "account_key",
        "AccountKey",
        "SharedAccessKey",
        "aws_secret_access_key",
        "access_key",
        "api_keys",
        "auth",
        "basic_auth",
        "Authorization",
        "Proxy-Authorization",
        "cookie",
        "Cookie",
        "Set-Cookie",
        "cookies",
        "session_id",
        "sessionId",
        "SESSIONID",
        "otp",
        "totp",
        "otp_code",
        "jwt",
        "credential",
        "credentials",
        "creds",
        "mnemonic",
        "seed_phrase",
        "recovery_codes",
        "connection_string",
        "DATABASE_URL",
        "password2",
        "DB_PASSWORD_1",
        "X-Amz-Signature",
        "webhook_secret",
    ],
)
def test_a_telling_name_tells(name):
    assert telling(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "keys",
        "name",
        "user",
        "username",
        "tokens",
        "token_count",
        "max_tokens",
        "input_tokens",
        "total_tokens",
        "prompt_tokens",
        "token_type",
        "tokenizer",
        "next_page_token",
        "nextPageToken",
        "continuation_token",
        "pad_token",
        "eos_token",
        "bos_token",
        "stop_token",
        "password_hash",
        "password_reset_url",
        "compass",
        "bypass",
        "passed",
        "passing",
        "passenger",
        "author",
        "authority",
        "oauth",
        "authenticated",
        "primary_key",
        "foreign_key",
        "public_key",
        "cache_key",
        "partition_key",
        "idempotency_key",
        "sort_key",
        "keyboard",
        "monkey",
        "secretary",
        "tokenized",
        "session",
        "session_count",
        "cookie_banner",
        "code",
        "codes",
        "status_code",
        "signature",
        "function_signature",
        "seed",
        "connection",
        "database",
        "url",
        "secret_name",
        "access_key_id",
        "path",
        "pwd_path",
    ],
)
def test_other_names_tell_nothing(name):
    assert telling(name) is None


@pytest.mark.parametrize("words", ENDS_OF_NAMES, ids="_".join)
def test_each_end_of_a_name_tells_in_each_way_of_writing_it(words):
    if words[-1] in ("signature", "sig"):
        words = ("request", *words)
    for name in (
        "_".join(words),
        "MY_" + "_".join(words).upper(),
        "my-" + "-".join(words),
        "my" + "".join(w.title() for w in words),
    ):
        assert telling(name) is not None, name


def test_a_number_is_a_secret_under_a_password_and_a_count_under_a_token():
    assert hides_number(telling("password"), 20241231)
    assert hides_number(telling("otp"), 123456)
    assert hides_number(telling("pin_code"), 1234)
    assert hides_number(telling("password"), 2)
    assert not hides_number(telling("password"), 1)
    assert not hides_number(telling("password"), 0)
    assert not hides_number(telling("token"), 128009)
    assert not hides_number(telling("pass"), 12)
    assert hides_number(telling("session_id"), 123456789012)


def test_the_kind_is_the_name_in_one_way_of_writing_it():
    assert telling("X-API-Key").kind == "x_api_key"
    assert len(telling("a_" * 20 + "password").kind) == 40
    assert telling("x" * 900 + "_password") is not None
