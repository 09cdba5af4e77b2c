"""Any object to bounded plain JSON: total, masked, never running foreign code, never consuming anything."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import BLOB, CUT, LONG, NUM, TEXT, Json
from steplog._secrets.names import telling
from steplog._secrets.pairs import told_by_header, told_by_pair
from steplog._secrets.texts import masked
from steplog._secrets.under_names import hides, is_schema, schema_without_examples
from steplog._write.safe.blobs import blob_of_text, digest_of_text, size_and_hash
from steplog._write.safe.objects import Place, plain_object
from steplog._write.safe.plain_names import KEYS, LONGEST_KEY, is_harmless, is_plain_name
from steplog._write.safe.redactor import Redactor, contained_redactor
from steplog._write.safe.secrets import CLEAN, is_clean
from steplog._write.safe.standard_types import first_of
from steplog._write.settings.settings import Settings

_MOST_NODES: Final = 20_000  # containers of one line; past it a line says so
_ITEMS_A_NODE: Final = 10  # numbers and short texts, which cost a tenth of a container
_HEAD: Final = 200  # characters shown of a text that is previewed
# How many characters are looked at for one line: so many times the longest line. Of a text beyond, only the size is told.
_WORK: Final = 4
_LEAST_WORK: Final = 4 * 1024 * 1024
_HASHED_PER_LOOKED_AT: Final = 16  # characters that are hashed while one is searched for secrets
_MOST_ERRORS: Final = 8  # exceptions among a line's values whose `str()`, which is code of theirs, is called
_MARGIN: Final = 8192  # a secret that straddles the cut is masked if it begins no further than this before it
LOW, HIGH = -(2**63), 2**64  # what 64 bits hold, signed or not: all that orjson takes
_COUNTED: Final = frozenset({"steps", "llm_calls", "tool_calls", "errors", "retries", "interrupts", "models"})


class Walk:
    """Makes the values of one record plain, and counts what it masked (by kind) and cut."""

    __slots__ = (
        "_nodes", "_open", "_work", "content", "cut", "errors_left", "hidden", "left_out", "masked", "settings",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        """Walk under these settings' content policy, limits and masking."""
        self.settings = settings
        self.content: str = settings.content
        self.masked: dict[str, int] = {}
        self.cut = 0
        self.hidden: list[bytes] = []  # digests of texts that the content policy keeps out
        self.left_out = 0  # characters of texts that content="none" keeps out
        self._nodes = _MOST_NODES
        self._work = max(_LEAST_WORK, _WORK * settings.max_line_bytes)
        self.errors_left = _MOST_ERRORS
        self._open: set[int] = set()

    def name(self, value: object) -> Json:
        """A value that is a name or a number and not content: kept whatever the content policy."""
        if type(value) is str and len(value) <= LONG:
            return self.mask(value)
        if type(value) is list and is_plain_name(value, self.settings):
            return list(value)
        policy, self.content = self.content, "full"
        try:
            return self.value(value, 0, ())
        finally:
            self.content = policy

    def numbers(self, value: dict[Any, Any]) -> Json:
        """A usage or totals: our own words for what is counted are no texts of the program's, all else is."""
        out: dict[str, Json] = {}
        for name, number in value.items():
            if type(name) is str and (name in _COUNTED or name.endswith("_tokens")):
                out[name] = self.name(number)
            else:
                out |= self.name({name: number})
        return out

    def value(self, o: Any, depth: int, place: Place) -> Json:
        """Any object as plain JSON; `place` is where it will stand."""
        cls = type(o)
        if cls is str:
            return self.text(o, place)
        if o is None or cls is bool:
            return o
        if cls is int:
            return o if LOW <= o < HIGH else _number(o)
        if cls is float:
            return o if o - o == 0 else {NUM: float.__repr__(o)}
        if cls is dict:
            return self.mapping(o, depth, place)
        if cls is list or cls is tuple:
            return self.sequence(o, depth, place)
        return self.other(o, cls, depth, place)

    def other(self, o: Any, cls: type, depth: int, place: Place) -> Json:
        """An object that is no builtin JSON type: what its type lets be read safely, else the type's name."""
        return plain_object(self, o, cls, depth, place)

    def inner(self, o: Any, depth: int, place: Place) -> Json:
        """A value that an object stands for, one level deeper."""
        return self.value(o, depth + 1, place) if depth < self.settings.max_depth else self._too_deep(depth)

    def _too_deep(self, depth: int) -> Json:
        self.cut += 1
        return {CUT: {"depth": depth, "setting": "max_depth"}}

    def add(self, other: Walk) -> None:
        """Count what another walk for the same line masked, cut and left out."""
        for kind, n in other.masked.items():
            self.masked[kind] = self.masked.get(kind, 0) + n
        self.cut += other.cut
        self.left_out += other.left_out

    def count_masked(self, kind: str) -> str:
        """The text that stands for one more masked value of this kind."""
        self.masked[kind] = self.masked.get(kind, 0) + 1
        return f"[masked:{kind}]"

    # -- containers

    def mapping(self, o: Mapping[Any, Any], depth: int, place: Place, holder: object = None) -> Json:
        """A mapping, its telling keys' values masked; `holder` is the object it was read from."""
        holder = o if holder is None else holder
        if (stop := self._enter(holder, depth, len(o))) is not None:
            return stop
        most = self.settings.max_items
        items = first_of(o.items, most + 1)  # the live dict may change at any time
        out: dict[str, Json] = {}
        of_pair = told_by_pair(o) if self.settings.redact else None
        is_quick = self.content == "full" and self.settings.redactor is None and of_pair is None
        for key, value in items[:most]:
            cls = type(value)
            # A harmless key with a number, or with a text that is known to be clean, is most of what agents hand over.
            if is_quick and type(key) is str and key in KEYS:
                if value is None or cls is bool or (cls is int and LOW <= value < HIGH):
                    out[key] = value
                    continue
                if cls is str and len(value) <= LONG:
                    out[key] = value if value in CLEAN else self.mask(value)
                    continue
            if of_pair is not None and key in ("value", "Value") and hides(of_pair, value, o):
                out[key] = self.count_masked(of_pair.kind)
                continue
            self.item(out, key, value, depth, place, o)
        if len(items) > most:
            self.cut += 1
            out[CUT] = {"items": len(o), "setting": "max_items"}
        self._open.discard(id(holder))
        return out

    def item(
        self, out: dict[str, Json], key: Any, value: Any, depth: int, place: Place, beside: Mapping[Any, Any]
    ) -> None:
        """Put one item of a mapping to `out`: masked if its key tells of a secret, given what stands `beside` it."""
        name = key if type(key) is str else self._key(key)
        told = None
        if name not in KEYS and not is_harmless(name):
            told = telling(name) if self.settings.redact else None
            if told is not None and not is_clean(name):  # the kind must not say what the name hides
                told = told._replace(kind="secret")
            name = self._shown_key(name)
            if told is not None and is_schema(value):
                value, told = schema_without_examples(value), None
        if self.settings.redactor is not None:
            name = self._redacted(name, self.settings.redactor)
        if name in out:  # two keys that were masked alike
            name = f"{name} #{len(out) + 1}"
        if told is not None and hides(told, value, beside):
            out[name] = self.count_masked(told.kind)
        else:
            out[name] = self.value(value, depth + 1, (*place, name))

    def sequence(self, o: Any, depth: int, place: Place, holder: object = None) -> Json:
        """A list, tuple or set; `holder` is the object it was read from."""
        holder = o if holder is None else holder
        if (stop := self._enter(holder, depth, len(o))) is not None:
            return stop
        out = self.items(list(islice(o, self.settings.max_items + 1)), len(o), depth, place)
        self._open.discard(id(holder))
        return out

    def items(self, items: list[Any], size: int, depth: int, place: Place) -> Json:
        """The first items of a sequence of `size`."""
        most = self.settings.max_items
        if size == 2 == len(items) and self.settings.redact and (told := told_by_header(items)) is not None:
            return [self.mask(items[0]), self.count_masked(told.kind)]
        out = [self.value(item, depth + 1, (*place, i)) for i, item in enumerate(items[:most])]
        if size > most:
            self.cut += 1
            out.append({CUT: {"items": size, "setting": "max_items"}})
        return out

    def _enter(self, holder: object, depth: int, size: int) -> Json:
        self._nodes -= 1 + min(size, self.settings.max_items) // _ITEMS_A_NODE
        if depth > self.settings.max_depth:
            return self._too_deep(depth)
        if self._nodes < 0:
            self.cut += 1
            return {CUT: {"nodes": _MOST_NODES}}
        if id(holder) in self._open:
            return {CUT: {"cycle": True}}
        self._open.add(id(holder))
        return None

    def _key(self, key: object) -> str:
        if type(key) is bytes and len(key) <= LONGEST_KEY and key.isascii():
            return key.decode()
        policy, self.content = self.content, "full"
        plain = self.value(key, self.settings.max_depth - 1, ())
        self.content = policy
        return plain if isinstance(plain, str) else encode({"": plain})[4:-1].decode()

    def _shown_key(self, key: str) -> str:
        if len(key) > LONGEST_KEY:
            self.cut += 1
            key = self.mask(key[: LONGEST_KEY + _MARGIN])[:LONGEST_KEY] + "…"
        elif self.settings.redact and not is_clean(key):
            key = masked(key, self.masked)
        return "$" + key if key[:1] == "$" else key

    # -- texts

    def text(self, o: str, place: Place) -> Json:
        """A text masked and within limits."""
        if self.content != "full":
            return self._reduced(o)
        if len(o) <= LONG:
            return self.mask(o)
        limit = self.settings.max_value_bytes
        self._work -= min(len(o), limit + 2 * _MARGIN)
        if self._work < 0:
            self.cut += 1
            return {CUT: {"chars": len(o), "setting": "max_line_bytes"}}
        blob = blob_of_text(o)
        if blob is not None:
            return {BLOB: blob | {"type": self.mask(blob["type"])}}
        if len(o) > limit:
            kept = self._cut_text(o, limit)
            return self.long_text(kept, encode(kept), place)
        o = self.mask(o)
        return self.long_text(o, o.encode("utf-8", "surrogatepass"), place)

    def _cut_text(self, o: str, limit: int) -> dict[str, Json]:
        """A text over the limit: its size and hash, its beginning and its end, which make up the limit."""
        self.cut += 1
        tail = limit // 4
        head = limit - tail
        self._work -= len(o) // _HASHED_PER_LOOKED_AT
        return {
            CUT: (size_and_hash(o) if self._work > 0 else {"chars": len(o)})
            | {
                "head": self.mask(_without_last_word(o[: head + _MARGIN]))[:head],
                "tail": self.mask(_without_first_word(o[-tail - _MARGIN :]))[-tail:],
                "setting": self.settings.limited_by,
            }
        }

    def long_text(self, o: Json, data: bytes, place: Place) -> Json:  # noqa: ARG002 - for the one who overrides this
        """A text above 256 characters that is masked already, or what is kept of it; `data` is what tells it from others."""
        return o

    def _reduced(self, o: str) -> Json:
        self.hidden.append(digest_of_text(o))
        if self.content == "none":
            self.left_out += len(o)
            return {TEXT: {"chars": len(o)}}
        head = self.mask(o[: _HEAD + _MARGIN])
        return head if len(head) <= _HEAD else {TEXT: {"chars": len(o), "head": head[:_HEAD]}}

    def mask(self, o: str) -> str:
        """A text without its secrets."""
        redactor = self.settings.redactor
        if self.settings.redact and not (redactor is None and o in CLEAN) and not is_clean(o):
            o = masked(o, self.masked)
        return o if redactor is None else self._redacted(o, redactor)

    def _redacted(self, o: str, redactor: Redactor) -> str:
        """What the user's redactor keeps of a text."""
        kept, why = contained_redactor(redactor).kept(o, self.settings.max_value_bytes)
        return self.count_masked(why) if why else kept


def _without_last_word(o: str) -> str:
    """A piece of a text up to its last blank: a secret that the piece ends in would not be known by its half.

    It is seen where so many secrets are masked before it that the piece comes out shorter than what is shown of it.
    """
    end = max(o.rfind(" ", -_MARGIN // 2), o.rfind("\n", -_MARGIN // 2))
    return o if end < 0 else o[:end]


def _without_first_word(o: str) -> str:
    """The same of a piece that begins in the middle of a text."""
    found = [at for at in (o.find(" ", 0, _MARGIN // 2), o.find("\n", 0, _MARGIN // 2)) if at >= 0]
    return o[min(found) :] if found else o


def _number(o: int) -> Json:
    # Decimal digits of a huge integer take quadratic time.
    return {NUM: str(o)} if o.bit_length() <= 4096 else {NUM: f"{o.bit_length()} bits"}
