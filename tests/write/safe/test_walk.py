"""Any object becomes bounded plain JSON, and nothing happens to it."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import pathlib
import uuid

import pydantic
import pytest

from steplog._format.line import decode, encode
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings


def plain(value, **settings):
    return Walk(Settings.load("x", environ={}, **settings)).value(value, 0, (1, "data"))


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int
    secret: str = dataclasses.field(default="s3cret-value", repr=False)


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str
    key: pydantic.SecretStr = pydantic.SecretStr("s3cret-value")
    hidden: str = pydantic.Field("s3cret-value", repr=False)


Pair = collections.namedtuple("Pair", "left right")


class Hostile:
    def _boom(self, *_):
        raise RuntimeError("foreign code ran")

    __str__ = __repr__ = __iter__ = __len__ = __eq__ = __hash__ = __bool__ = __getattr__ = _boom  # type: ignore[assignment]
    __class__ = property(_boom)  # type: ignore[assignment]


class HostileText(str):
    def __str__(self):
        raise RuntimeError("foreign code ran")

    __repr__ = __len__ = __eq__ = __format__ = __str__  # type: ignore[assignment]
    __hash__ = str.__hash__


class HostileDict(dict):
    def items(self):
        raise RuntimeError("foreign code ran")

    __iter__ = keys = values = __len__ = items  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (2**70, {"$num": "1180591620717411303424"}),
        (-(2**70), {"$num": "-1180591620717411303424"}),
        (float("nan"), {"$num": "nan"}),
        (float("-inf"), {"$num": "-inf"}),
        ((1, "a"), [1, "a"]),
        ({1: "a", None: "b", 2.5: "c"}, {"1": "a", "null": "b", "2.5": "c"}),
        ({"$same": 1}, {"$$same": 1}),
        (Color.RED, "red"),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Slotted(1), {"a": 1}),
        (Pair(1, 2), {"left": 1, "right": 2}),
        (dt.datetime(2026, 11, 23, 3, 4, 5, tzinfo=dt.UTC), "2026-11-23T03:04:05+00:00"),
        (dt.date(2026, 11, 23), "2026-11-23"),
        (dt.timedelta(seconds=90), 90.0),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (
            Model(name="n", more=[1]),
            {"name": "n", "key": "[masked:secret_value]", "hidden": "[masked:hidden_field]", "more": [1]},
        ),
        (ValueError("bad", 1), {"$type": "ValueError", "args": ["bad", 1]}),
        (int, {"$type": "int"}),
        (collections.deque([1]), [1]),
    ],
)
def test_what_is_data_is_kept(value, expected):
    found = plain(value)
    assert found == expected
    assert json.loads(encode({"v": found})) == {"v": expected}


def test_an_object_that_raises_whatever_one_does_is_named_and_left_alone():
    assert plain(Hostile()) == {"$type": f"{__name__}.Hostile"}
    assert plain({"a": [Hostile()]}) == {"a": [{"$type": f"{__name__}.Hostile"}]}


def test_subclasses_of_builtins_are_read_past_their_own_code():
    assert plain([HostileText("text"), HostileDict(a=1)]) == ["text", {"a": 1}]


def test_iterators_are_not_consumed():
    def numbers():
        yield from range(3)

    source = numbers()
    mapped = map(str, [1, 2])
    assert plain({"g": source, "m": mapped}) == {"g": {"$type": "generator"}, "m": {"$type": "map"}}
    assert (list(source), list(mapped)) == ([0, 1, 2], ["1", "2"])


def test_a_cycle_is_named_where_it_closes():
    value = {"a": 1}
    value["self"] = value
    assert plain(value) == {"a": 1, "self": {"$cut": {"cycle": True}}}


def test_a_value_that_appears_twice_without_a_cycle_is_no_cycle():
    shared = [1]
    assert plain([shared, shared]) == [[1], [1]]


def test_depth_items_and_length_are_bounded_and_every_cut_is_marked():
    deep = inner = []
    for _ in range(100):
        inner.append([])
        inner = inner[0]
    assert '"$cut"' in encode({"v": plain(deep)}).decode()
    assert plain(list(range(2000)))[-1] == {"$cut": {"items": 2000, "setting": "max_items"}}
    long = plain({"text": "word " * 100_000})["text"]["$cut"]
    assert (long["bytes"], len(long["head"] + long["tail"]), len(long["sha256"])) == (500_000, 128 * 1024, 64)


def test_a_billion_laughs_end_soon():
    value = ["lol"]
    for _ in range(30):
        value = [value] * 10
    assert len(encode({"v": plain(value)})) < 1_000_000


def test_binary_and_base64_become_their_size_and_hash():
    url = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAAAAUA" * 100
    assert plain(b"\x00\x01")["$blob"] | {"sha256": ""} == {
        "type": "application/octet-stream",
        "bytes": 2,
        "sha256": "",
    }
    assert plain({"u": url})["u"]["$blob"]["type"] == "image/png"


def test_preview_and_none_show_sizes():
    text = "word " * 100
    assert plain(text, content="preview") == {"$text": {"chars": 500, "head": text[:200]}}
    assert plain("short", content="preview") == "short"
    assert plain(text, content="none") == {"$text": {"chars": 500}}


def test_a_lone_surrogate_stays_visible_and_the_line_valid():
    line = encode({"v": plain("a\ud800b")})
    assert decode(line) == {"v": "a\\ud800b"}


def test_nothing_in_a_text_breaks_its_line():
    text = "a\nb\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x7fb"
    line = encode({"v": text})
    assert len(line.decode().splitlines()) == 1
    assert decode(line) == {"v": text}


def test_inputs_are_not_modified():
    value = {"a": [1, {"password": "hunter2hunter2", "t": "sk-" + "a" * 30}]}
    before = repr(value)
    plain(value)
    assert repr(value) == before


def test_a_dict_that_another_thread_grows_is_read_whole_or_in_part():
    import threading

    live = {i: i for i in range(500)}
    stop = threading.Event()

    def grow():
        i = 1000
        while not stop.is_set():
            live[i] = i
            live.pop(i - 400, None)
            i += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(300):
            assert isinstance(plain(live), dict)
    finally:
        stop.set()
        thread.join()
