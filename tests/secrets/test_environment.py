"""What a process holds in its environment and its `.env` under telling names is secret; what is common is not."""

import os
import time

import pytest

from steplog._secrets.environment import Environment, dotenv_secrets, is_common, kind_of_variable, secrets_of


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "DB_PASS", "DB_PASSWORD", "JWT_SECRET", "AWS_SECRET_ACCESS_KEY", "STRIPE_KEY", "GITHUB_PAT", "PGPASSWORD", "SENTRY_DSN", "GOOGLE_CREDENTIALS", "my.token"])  # fmt: skip
def test_a_variable_with_a_telling_name_is_secret(name):
    assert dict(secrets_of({name: "qT7-not-so-common"})) == {"qT7-not-so-common": kind_of_variable(name)}


@pytest.mark.parametrize("name", ["PATH", "HOME", "LANG", "KEYBOARD", "TOKENIZERS_PARALLELISM", "MONKEY", "AUTHOR", "SSH_AUTH_SOCK", "XDG_SESSION_TYPE", "PYTHON_SHA256", "MAX_TOKENS"])  # fmt: skip
def test_other_variables_are_not(name):
    assert not list(secrets_of({name: "qT7-not-so-common"}))


@pytest.mark.parametrize(
    "value",
    ["", "short", "1234567", "true", "FALSE", "localhost", "password", "postgres", "changeme", "placeholder", "12345678", "aaaaaaaaaaaa",
     "/run/secrets/db_password", "./config/key.pem", "~/.ssh/id_ed25519", "/etc/ssl/private", "C:\\keys\\key.pem", "../secret.txt"],
)  # fmt: skip
def test_short_and_common_values_and_paths_are_never_masked(value):
    assert is_common(value)
    assert not list(secrets_of({"API_KEY": value}))


def test_of_a_url_the_password_is_secret_and_a_url_without_one_is_not():
    assert not list(secrets_of({"AUTH_TOKEN": "https://auth.example.org/oauth/token"}))
    assert dict(secrets_of({"DATABASE_URL": "postgres://joe:h7-long-enough@db/x"})) == {
        "h7-long-enough": "database_url"
    }
    assert not list(secrets_of({"DATABASE_URL": "postgres://joe:short@db/x"}))


def test_a_key_that_has_slashes_in_it_is_no_path():
    assert not is_common("/x7Gq2LmT9vB4nR5wY8aC1dE/3fGh")


def test_a_change_of_the_environment_is_seen_when_it_is_looked_at_again(monkeypatch):
    environment = Environment()
    assert environment.has_changed()
    before = dict(environment.secrets())
    assert not environment.has_changed()
    monkeypatch.setenv("ACME_TOKEN", "zq-first-value-1")
    assert environment.has_changed()
    assert dict(environment.secrets()).items() - before.items() == {("zq-first-value-1", "acme_token")}
    monkeypatch.setenv("ACME_TOKEN", "zq-second-value-2")
    assert environment.has_changed()
    assert dict(environment.secrets())["zq-second-value-2"] == "acme_token"
    monkeypatch.delenv("ACME_TOKEN")
    monkeypatch.setenv("OTHER_TOKEN", "zq-third-value-3")
    assert environment.has_changed()
    assert "zq-third-value-3" in dict(environment.secrets())
    monkeypatch.setattr(os, "environ", {"PLAIN_TOKEN": "zq-fourth-value-4"})
    assert environment.has_changed()
    assert dict(environment.secrets()) == {"zq-fourth-value-4": "plain_token"}


def test_looking_again_costs_next_to_nothing():
    environment = Environment()
    environment.secrets()
    took = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(1000):
            environment.has_changed()
        took.append(time.thread_time() - began)
    assert min(took) < 1000 * 3e-6


DOTENV = """
# a comment
PLAIN=not-a-secret-name
DB_PASSWORD=zq7-unquoted-one   # why
export API_TOKEN="zq7 quoted two"
JWT_SECRET='zq7-single-three'
EMPTY_TOKEN=
SHORT_KEY=abc
PATH_KEY=/run/secrets/x
BROKEN_TOKEN="zq7-never-closed
"""


def test_the_env_file_beside_the_program_is_read(tmp_path):
    (tmp_path / ".env").write_text(DOTENV)
    found = dict(dotenv_secrets([str(tmp_path), str(tmp_path)]))
    assert found == {
        "zq7-unquoted-one": "db_password",
        "zq7 quoted two": "api_token",
        "zq7-single-three": "jwt_secret",
    }


def test_no_env_file_makes_anything_wait_or_fail(tmp_path):
    pipe, directory, huge, locked, bytes_ = (
        tmp_path / name for name in ("pipe", "directory", "huge", "locked", "bytes")
    )
    for folder in (pipe, directory, huge, locked, bytes_):
        folder.mkdir()
    os.mkfifo(pipe / ".env")
    (directory / ".env").mkdir()
    (huge / ".env").write_text("A_TOKEN=zq8-in-front-of-all\n" + 'X="\n' * 1_000_000)
    (locked / ".env").write_text("A_TOKEN=zq8-locked-away\n")
    (locked / ".env").chmod(0)
    (bytes_ / ".env").write_bytes(b"\xff\xfe\0A_TOKEN=\xff\n" * 1000)
    began = time.monotonic()
    assert dotenv_secrets([str(pipe), str(directory), str(tmp_path / "missing"), "\0"]) == []
    assert dict(dotenv_secrets([str(huge)])) == {"zq8-in-front-of-all": "a_token"}
    dotenv_secrets([str(locked), str(bytes_)])
    assert time.monotonic() - began < 5
