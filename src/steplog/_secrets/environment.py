"""Secrets that this process holds: in its environment under telling names, and in the `.env` beside the program."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from operator import itemgetter
from typing import Any, Final

from steplog._secrets.names import telling

# Of a variable, these tell as well: only its own value is masked, so that a wrong guess costs little.
_MORE_WORDS: Final = frozenset(
    ["key", "keys", "pat", "pw", "psk", "dsn", "apikey", "webhook", "private", "salt"]
)
_PARTS: Final = re.compile(r"[A-Za-z]+")
# Words that stand in innocent texts as well, however secret they were meant.
_COMMON: Final = frozenset(
    [
        "true", "false", "none", "null", "localhost", "password", "passw0rd", "passwort", "changeme", "change-me",
        "change_me", "placeholder", "username", "anonymous", "postgres", "postgresql", "mongodb", "rabbitmq",
        "minioadmin", "superuser", "administrator", "development", "production", "testing", "staging", "default",
        "disabled", "enabled", "required", "optional", "undefined", "insecure", "example", "langfuse", "superset",
        "airflow", "keycloak", "grafana", "elastic", "clickhouse", "not-needed", "notneeded", "no-key-required",
        "dummy-key", "test-key", "your-api-key", "your_api_key", "api_key", "api-key", "secret-key", "secretkey",
        "anthropic", "openai-key", "lm-studio", "anything", "supersecret", "topsecret", "sk-no-key-required", "12345678", "123456789",
        "1234567890", "00000000", "11111111",
    ]
)  # fmt: skip
_PATH: Final = re.compile(r"(?:~|\.{1,2})?(?:/[\w.@ +-]{0,40}){1,40}|[A-Za-z]:[\\/].*|\.{1,2}[\\/].*")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s/:@]*+:([^\s@]++)@)?.*", re.DOTALL)
_KEY_LIKE: Final = re.compile(r"(?=[^/]{0,40}[0-9])(?=[^/]{0,40}[a-z])(?=[^/]{0,40}[A-Z])[^/]{16}")
_LINE: Final = re.compile(
    r"""^[ \t]*+(?:export[ \t]++)?([A-Za-z_][A-Za-z0-9_.]*+)[ \t]*+=[ \t]*+(?:"((?:[^"\\\n]|\\.)*+)"|'([^'\n]*+)'|([^\s#"'][^\n#]*+)?)""",
    re.MULTILINE,
)
_MOST_BYTES: Final = 256 * 1024
_FLAGS: Final = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"))
# The functions behind `os`: event-loop guards refuse those of `os`, and a recorder may be made inside a loop.
_os: Final[Any] = sys.modules[os.name]


class Environment:
    """What was in the environment when it was last looked at; looking again costs as much as a few look-ups."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        # What `os.environ` was, the dictionary behind it, what gives its newest key and the values of those whose names
        # tell; and how many there were, the newest, and these values.
        self._seen: tuple[
            Any, dict[Any, Any], Callable[[], Iterator[Any]], Callable[[Any], Any], tuple[int, Any, Any]
        ]
        self._seen = None, {}, {}.__reversed__, _nothing, (-1, None, None)

    def has_changed(self) -> bool:
        """Whether a variable came or went, or one with a telling name has another value."""
        was, live, backwards, of_telling, then = self._seen
        try:
            return os.environ is not was or (len(live), next(backwards(), None), of_telling(live)) != then
        except (KeyError, RuntimeError):  # one went; another thread changes it
            return True

    def secrets(self) -> list[tuple[str, str]]:
        """Values that are secret, each with the kind it is masked as; remembers what it has seen."""
        of = os.environ
        # The dictionary behind it, where it has one: `os.environ` decodes each value anew.
        live: Any = getattr(of, "_data", of)
        seen = dict(live)
        names = {key: _text(key) for key in seen}
        told = [key for key, name in names.items() if kind_of_variable(name) is not None]
        of_telling = itemgetter(*told) if told else _nothing
        newest = next(reversed(seen), None)
        backwards = getattr(live, "__reversed__", seen.__reversed__)
        self._seen = of, live, backwards, of_telling, (len(seen), newest, of_telling(seen))
        return list(secrets_of({names[key]: _text(seen[key]) for key in told}))


def _nothing(_: Any) -> None:
    """What stands for the values where no name tells of a secret."""


def kind_of_variable(name: str) -> str | None:
    """The kind under which a variable's value is masked; None where its name tells of no secret."""
    told = telling(name)
    if told is not None:
        return told.kind
    words = _PARTS.findall(name)
    return name.lower()[:40] if words and words[-1].lower() in _MORE_WORDS else None


def secrets_of(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Of variables the values that are secret, with their kinds: no short or common words, no paths, no bare URLs."""
    for name, value in variables.items():
        kind, bare = kind_of_variable(name), value.strip()
        if kind is None or is_common(bare):
            continue
        url = _URL.fullmatch(bare)
        if url is None:
            yield bare, kind
        elif url.group(1) and not is_common(url.group(1)):
            yield url.group(1), kind


def is_common(value: str) -> bool:
    """Whether a value stands in innocent texts as well, so that it must not be masked wherever it stands."""
    return (
        len(value) < 8
        or value.lower() in _COMMON
        or (_PATH.fullmatch(value) is not None and _KEY_LIKE.search(value) is None)
        or len(set(value)) < 4
    )


def secrets_of_process() -> list[tuple[str, str]]:
    """Secret values in this process's environment and in the `.env` beside it, with their kinds."""
    return Environment().secrets() + dotenv_secrets(folders_of_program())


def dotenv_secrets(folders: Iterable[str]) -> list[tuple[str, str]]:
    """Secret values in the `.env` of these folders; none where there is none, or no file that can be read at once."""
    found: list[tuple[str, str]] = []
    for folder in dict.fromkeys(folders):
        text = _read(folder + os.sep + ".env")
        variables = {
            line[1]: next((value for value in line.groups()[1:] if value is not None), "")
            for line in _LINE.finditer(text)
        }
        found += secrets_of(variables)
    return found


def folders_of_program() -> list[str]:
    """Where a `.env` would be beside the program: the working directory, and where the script is."""
    folders: list[str] = []
    with suppress(OSError):  # it was deleted
        folders.append(_os.getcwd())
    script = sys.argv[0] if sys.argv else ""
    if os.sep in script:
        folders.append(script.rpartition(os.sep)[0] or os.sep)
    return folders


def _read(path: str) -> str:
    """The beginning of a plain file; empty for a pipe, a device, and whatever cannot be read."""
    try:
        if not stat.S_ISREG(_os.stat(path).st_mode):
            return ""
        descriptor = _os.open(path, _FLAGS)
        try:
            return _os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace")
        finally:
            _os.close(descriptor)
    except (OSError, ValueError):
        return ""


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if type(value) is bytes else str(value)
