"""Two versions of an agent compared: what changed in the prompt, the tools, the model and the parameters, in words."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._ask.versions import PARTS, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD: Final = re.compile(r"\s*\S+")
_MOST_WORDS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Change:
    """One change from one version to another: of which part, what (a tool's or parameter's name), and how.

    `before` and `after` are the values; `words` are the lines that differ of a text, with `[-gone-]` and `{+new+}` in them.
    """

    part: str
    name: str
    change: str
    before: str
    after: str
    words: str


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """How version `b` differs from version `a`, by name."""

    a: str
    b: str
    changes: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether they are the same."""
        return not self.changes

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain JSON."""
        changes = [{k: v for k, v in asdict(each).items() if v != ""} for each in self.changes]
        return {"same": self.same, "a": self.a, "b": self.b, "changes": changes}


def version_diff(a: Version, b: Version) -> VersionDiff:
    """What changed from version `a` to version `b`."""
    found = [*_text("prompt", "", a.prompt, b.prompt), *_tools(a, b), *_text("model", "", a.model, b.model)]
    found += _parameters(a, b)
    found.sort(key=lambda each: PARTS.index(each.part))
    return VersionDiff(f"{a.name} ({a.fingerprint})", f"{b.name} ({b.fingerprint})", tuple(found))


def _text(part: str, name: str, before: str, after: str) -> Iterator[Change]:
    if before != after:
        words = _in_words(before, after) if before and after else ""
        yield Change(part, name, _kind(before, after), before, after, words)


def _kind(before: str, after: str) -> str:
    return "changed" if before and after else "added" if after else "removed"


def _tools(a: Version, b: Version) -> Iterator[Change]:
    for name in sorted({*a.tools, *b.tools}):
        if name in a.tools and name in b.tools:
            yield from _text("tools", name, _readable(a.tools[name]), _readable(b.tools[name]))
        else:
            before, after = _readable(a.tools.get(name, "")), _readable(b.tools.get(name, ""))
            yield Change("tools", name, "removed" if name in a.tools else "added", before, after, "")


def _readable(definition: str) -> str:
    """A tool's definition on lines of its own."""
    try:
        return orjson.dumps(orjson.loads(definition), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return definition


def _parameters(a: Version, b: Version) -> Iterator[Change]:
    before, after = (orjson.loads(each.parameters or "{}") for each in (a, b))
    for name in sorted({*before, *after}):
        was, now = (orjson.dumps(each[name]).decode() if name in each else "" for each in (before, after))
        if was != now:
            yield Change("parameters", name, _kind(was, now), was, now, "")


def _in_words(before: str, after: str) -> str:
    """The lines that differ, and in a line that changed the words."""
    lines = list(unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=0))[2:]
    gone = [line[1:] for line in lines if line.startswith("-")]
    new = [line[1:] for line in lines if line.startswith("+")]
    one, other = _WORD.findall("\n".join(gone)), _WORD.findall("\n".join(new))
    if not one or not other or len(one) + len(other) > _MOST_WORDS:
        return "\n".join([*(f"[-{line}-]" for line in gone), *(f"{{+{line}+}}" for line in new)])
    parts: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        left, right = "".join(one[a:b]), "".join(other[c:d])
        if kind == "equal":
            parts.append(left)
            continue
        blank = (left or right)[: len(left or right) - len((left or right).lstrip())]
        parts.append(
            blank + (f"[-{left.strip()}-]" if left else "") + (f"{{+{right.strip()}+}}" if right else "")
        )
    return "".join(parts).strip()
