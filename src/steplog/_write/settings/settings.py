"""Arguments over `STEPLOG_*` environment over the project's file over defaults, as one frozen value."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Unpack, get_args

from steplog._format.project import DEFAULT_PATH, OFF, ON, path_and_source
from steplog._format.record import Content, Detail
from steplog._secrets.known_values import SHORTEST
from steplog._secrets.texts import masked
from steplog._write.settings.keywords import SettingsFields
from steplog._write.settings.log_path import absolute
from steplog._write.settings.sources import ARGUMENT, DEFAULT, Found, gather

_CHOICES: dict[str, tuple[str, ...]] = {"content": get_args(Content), "detail": get_args(Detail)}


class SettingsError(ValueError):
    """A setting has a value it cannot have; the text names the setting, the value and the allowed ones."""


@dataclass(frozen=True)
class Settings:
    """What shapes a log.

    path: absolute path of the log directory, or of one shared `.jsonl` file.
    content: "full", "preview" (first 200 characters and the size of each text) or "none" (sizes only).
    detail: "calls", "steps" (also graph nodes and workflow steps) or "all" (every hook).
    redact: mask secrets before anything else sees them.
    redact_values: texts of at least 8 characters that are masked wherever they stand, in base64 and URLs, too, as are the
        values of telling names in this process's environment and its `.env`. From here on in each log of the process.
    redactor: called with each text, key and name after our own masking, in a thread of its own; returns the text to keep.
        If it raises, takes over a second, or returns more than `max_value_bytes`, the text is dropped.
    max_value_bytes: longest text kept whole, in characters; of a longer one so much is kept, three quarters of it from
        its beginning and one from its end, with its size and hash.
    max_line_bytes: longest line, in bytes; where texts make one longer, the longest of them are cut until it fits.
    max_depth, max_items: deepest nesting and most items of one container.
    max_pending_bytes: most memory held for lines that the disk does not take, in bytes.
    fsync: "never" (survives the process, not the machine), seconds (a power cut costs at most so much), or "always"
        (nothing acknowledged is lost; each line waits for the disk, milliseconds).
    rotate_bytes, rotate_hours: a directory's segment is closed, and the next begun, at this size or age; 0 never. A
        shared file is not rotated by us; what logrotate does to it is followed.
    keep_days, keep_bytes: closed segments older than this, and the oldest beyond this size in all, are deleted; 0 never.
    compress: closed segments become `.jsonl.zst`, checked before the plain file goes; needs zstd.
    chain, chain_key: each line carries a hash over itself and the line before, with the key if there is one, so that
        `steplog doctor --verify` sees every edit; about the price of a second line.
    """

    path: str
    content: Content = "full"
    detail: Detail = "steps"
    redact: bool = True
    redact_values: tuple[str, ...] = field(default=(), repr=False)
    redactor: Callable[[str], str] | None = None
    max_value_bytes: int = 128 * 1024
    max_line_bytes: int = 2 * 1024 * 1024
    max_depth: int = 32
    max_items: int = 1000
    max_pending_bytes: int = 16 * 1024 * 1024
    fsync: float | Literal["never", "always"] = "never"
    rotate_bytes: int = 64 * 1024 * 1024
    rotate_hours: float = 0.0
    keep_days: float = 0.0
    keep_bytes: int = 0
    compress: bool = False
    chain: bool = False
    chain_key: str = field(default="", repr=False)

    limited_by: ClassVar[str] = "max_value_bytes"  # the setting by which a text is cut

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        warn: Callable[[str], None] = lambda _: None,
        **given: Unpack[SettingsFields],
    ) -> Settings:
        """Settings from arguments, then `STEPLOG_*` variables, then `[tool.steplog]` in pyproject.toml, then defaults.

        Raises `SettingsError` for a bad argument. What else is bad or unknown is given to `warn`, in one sentence, and
        the default taken: a typo in a deployment must not stop the program.
        """
        loaded, found = sourced(path, environ, dict(given))
        if found.problems:
            warn("; ".join(found.problems))
        return loaded

    @cached_property  # asked for several times a line
    def is_whole(self) -> bool:
        """Whether texts that hold no secret are written as they are."""
        return self.content == "full" and self.redactor is None

    @cached_property
    def is_bare(self) -> bool:
        """Whether of texts nothing but their size is written."""
        return self.content == "none" and self.redactor is None

    @property
    def shared(self) -> bool:
        """Whether `path` is one file that several processes append to."""
        return self.path.endswith(".jsonl")


def sourced(
    path: str | os.PathLike[str] | None, environ: Mapping[str, str], given: Mapping[str, Any]
) -> tuple[Settings, Found]:
    """The settings in force, where each comes from, and what could not be used; a bad argument raises."""
    names = frozenset(f.name for f in fields(Settings)) - {"path"}
    if unknown := set(given) - names:
        raise SettingsError(
            f"steplog: unknown setting {min(unknown)!r}; there are {', '.join(sorted(names))}"
        )
    found = gather(names - {"redactor"}, environ, given, _parsed, _checked)
    return Settings(path=_log_path(path, environ, found), **found.values), found


def _log_path(path: str | os.PathLike[str] | None, environ: Mapping[str, str], found: Found) -> str:
    if path is not None:
        found.sources["path"] = ARGUMENT
        try:
            return absolute(path)
        except ValueError as error:
            raise SettingsError(f"steplog: path={error}") from None
    chosen, found.sources["path"] = path_and_source(environ)
    try:
        return absolute(chosen)
    except ValueError as error:
        found.problems.append(f"path={error} (from {found.sources['path']}; using the default)")
    found.sources["path"] = DEFAULT
    try:
        return absolute(DEFAULT_PATH)
    except ValueError:
        return os.path.join(os.devnull, DEFAULT_PATH)  # noqa: PTH118 - nowhere: the writer will say so


def _parsed(name: str, raw: str) -> Any:
    """The value of an environment variable."""
    word = raw.strip().lower()
    if name == "chain_key":
        return _checked(name, raw)
    if name == "redact_values":
        return _checked(name, raw.split())
    if name in _SWITCHES:
        if word not in ON | OFF:
            raise SettingsError(masked(f"steplog: {name}={raw!r}: allowed are 1 and 0", {}))
        return word in ON
    if name in _CHOICES or (name == "fsync" and word in _FSYNC):
        return _checked(name, word)
    try:
        if name.endswith("_bytes") and (size := _SIZE.fullmatch(word)):
            return _checked(name, int(size[1]) << _SHIFTS[size[2]])
        return _checked(name, float(word) if name in _FRACTIONS else int(word))
    except ValueError as error:
        if isinstance(error, SettingsError):
            raise
        kind = "number" if name in _FRACTIONS else "whole number"
        raise SettingsError(masked(f"steplog: {name}={raw!r} is not a {kind}", {})) from None


def _checked(name: str, value: Any) -> Any:
    if name in _OWN_CHECKS:
        return _OWN_CHECKS[name](value)
    allowed = ""
    if name in _CHOICES:
        allowed = "" if value in _CHOICES[name] else ", ".join(_CHOICES[name])
    elif name in _SWITCHES:
        allowed = "" if isinstance(value, bool) else "True and False"
    elif name == "chain_key":
        # No value in the text: it is a secret.
        if not isinstance(value, str) or len(value.encode()) > _LONGEST_KEY:
            raise SettingsError(f"steplog: chain_key: allowed is a string of at most {_LONGEST_KEY} bytes")
    elif name in _FRACTIONS:
        if name == "fsync" and value in _FSYNC:
            return value
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and _FRACTIONS[name] <= value < _FOREVER
        ):
            return float(value)
        words = "never, always and " if name == "fsync" else ""
        allowed = f"{words}numbers from {_FRACTIONS[name]}"
    elif not isinstance(value, int) or isinstance(value, bool) or value < _LEAST[name]:
        allowed = f"whole numbers from {_LEAST[name]}"
    if allowed:
        raise SettingsError(masked(f"steplog: {name}={value!r}: allowed are {allowed}", {}))
    return value


def _redactor(value: Any) -> Any:
    if not callable(value):
        raise SettingsError(f"steplog: redactor: a {type(value).__name__} cannot be called")
    return value


def _redact_values(value: Any) -> tuple[str, ...]:
    # No value in the texts: they are secrets.
    if not isinstance(value, list | tuple | set | frozenset):
        raise SettingsError("steplog: redact_values: allowed is a list of texts, not one text")
    texts: list[Any] = list(value)
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise SettingsError(f"steplog: redact_values[{at}] is a {type(text).__name__}: allowed are texts")
        if len(text) < SHORTEST:
            raise SettingsError(
                f"steplog: redact_values[{at}] has {len(text)} characters: allowed are texts of at least {SHORTEST}, "
                "as shorter ones stand in innocent words"
            )
    return tuple(texts)


_OWN_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "redactor": _redactor,
    "redact_values": _redact_values,
}
_SIZE: Final = re.compile("([0-9]+) ?([kmgt])i?b?")  # in small letters, as 64M or 2 GiB
_SHIFTS: Final = {"k": 10, "m": 20, "g": 30, "t": 40}
_FSYNC: Final = ("never", "always")
_SWITCHES: Final = frozenset({"redact", "compress", "chain"})
_LONGEST_KEY: Final = 64
_FOREVER: Final = 1e6
_FRACTIONS: Final = {"fsync": 0.01, "rotate_hours": 0.0, "keep_days": 0.0}
_LEAST: Final = {
    "max_value_bytes": 256,
    "max_line_bytes": 4096,
    "max_depth": 4,
    "max_items": 10,
    "max_pending_bytes": 4096,
    "rotate_bytes": 0,
    "keep_bytes": 0,
}
