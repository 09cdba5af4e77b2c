"""Any object to bounded plain JSON: total, masked, never running foreign code, never consuming anything."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from steplog._format.line import encode
from steplog._format.record import BLOB, CUT, LONG, NUM, TEXT, Json
from steplog._write.safe.blobs import blob_of_text, digest_of_text, size_and_hash
from steplog._write.safe.objects import Place, plain_object
from steplog._write.safe.secrets import CLEAN, is_clean, is_own_id, masked, secret_key_kind
from steplog._write.safe.standard_types import first_of
from steplog._write.settings.settings import Settings

_MOST_NODES: Final = 20_000  # containers of one line; past it a line says so
_ITEMS_A_NODE: Final = 10  # numbers and short texts, which cost a tenth of a container
_HEAD: Final = 200  # characters shown of a text that is previewed
# How many characters are looked at for one line: so many times the longest line. Of a text beyond, only the size is told.
_WORK: Final = 4
_LEAST_WORK: Final = 4 * 1024 * 1024
_HASHED_PER_LOOKED_AT: Final = (
    16  # so many characters are hashed in the time in which one is searched for secrets
)
_MOST_ERRORS: Final = 8  # exceptions among a line's values whose `str()`, which is code of theirs, is called
_MARGIN: Final = 8192  # a secret that straddles the cut is masked if it begins no further than this before it
LOW, HIGH = -(2**63), 2**64  # what 64 bits hold, signed or not: all that orjson takes
# Keys of mappings that were seen before, can be written as they are, and tell of no secret under them.
KEYS: set[str] = set()
_MOST_KEYS: Final = 4096
_TEXT: Final = frozenset({str})


def is_harmless(key: str) -> bool:
    """Whether a mapping's key can be written as it is, and tells of no secret under it."""
    if key in KEYS:
        return True
    if len(key) > _HEAD or key[:1] == "$" or secret_key_kind(key) is not None or not is_clean(key):
        return False
    if len(KEYS) < _MOST_KEYS:
        KEYS.add(key)
    return True


def is_plain_name(value: object, settings: Settings) -> bool:
    """Whether a short name, or a list of names met before, is written as it is."""
    if settings.redactor is not None:
        return False
    if type(value) is str:
        return value in CLEAN or is_own_id(value) is not None or (0 < len(value) <= LONG and is_clean(value))
    # Types first: to look another one up would run its code. Both in C, as a comprehension would be felt.
    return (
        type(value) is list
        and len(value) > 0
        and _TEXT.issuperset(map(type, value))
        and CLEAN.issuperset(value)
    )


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
        is_quick = self.content == "full" and self.settings.redactor is None
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
            self._item(out, key, value, depth, place)
        if len(items) > most:
            self.cut += 1
            out[CUT] = {"items": len(o), "setting": "max_items"}
        self._open.discard(id(holder))
        return out

    def _item(self, out: dict[str, Json], key: Any, value: Any, depth: int, place: Place) -> None:
        name = key if type(key) is str else self._key(key)
        if name not in KEYS and not is_harmless(name):
            kind = secret_key_kind(name)
            name = self._shown_key(name)
            if kind is not None and self.settings.redact and self._is_secret(value):
                out[name] = self.count_masked(kind)
                return
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
        policy, self.content = self.content, "full"
        plain = self.value(key, self.settings.max_depth - 1, ())
        self.content = policy
        return plain if isinstance(plain, str) else encode({"": plain})[4:-1].decode()

    def _shown_key(self, key: str) -> str:
        if len(key) > _HEAD:
            self.cut += 1
            key = self.mask(key[: _HEAD + _MARGIN])[:_HEAD] + "…"
        elif self.settings.redact and not is_clean(key):
            key = masked(key, self.masked)
        return "$" + key if key[:1] == "$" else key

    @staticmethod
    def _is_secret(value: object) -> bool:
        # `token: 5` and `password: None` tell nothing; whatever else stands under such a key is hidden whole.
        return (
            value is not None
            and type(value) not in (bool, int, float)
            and not (type(value) is str and not value)
        )

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
            return {BLOB: blob}
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
                "head": self.mask(o[: head + _MARGIN])[:head],
                "tail": self.mask(o[-tail - _MARGIN :])[-tail:],
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
        settings = self.settings
        if not settings.redact or (settings.redactor is None and o in CLEAN):
            return o
        if not is_clean(o):
            o = masked(o, self.masked)
        redactor = settings.redactor
        if redactor is None:
            return o
        try:
            kept = redactor(o)
        except Exception:  # noqa: BLE001 - the user's code; if it fails, the payload goes and the step stays
            return self.count_masked("redactor_failed")
        return kept if type(kept) is str else self.count_masked("redactor_failed")


def _number(o: int) -> Json:
    # Decimal digits of a huge integer take quadratic time.
    return {NUM: str(o)} if o.bit_length() <= 4096 else {NUM: f"{o.bit_length()} bits"}
