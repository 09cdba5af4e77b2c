"""Values of well-known types are told by what they hold, and none of their code, nor a subclass's, is run for that."""

import argparse
import array
import collections
import datetime as dt
import decimal
import fractions
import ipaddress
import pathlib
import re
import sqlite3
import sys
import time
import types
import uuid
import zoneinfo
from typing import TypedDict

import attrs
import msgspec
import numpy as np
import pydantic
import pytest

import steplog
from steplog._format.line import encode
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings


def plain(value, **settings):
    found = Walk(Settings.load("x", environ={}, **settings)).value(value, 0, (1, "data"))
    encode({"": found})
    return found


def boom(*_, **__):
    raise RuntimeError("foreign code ran")


HOSTILE = dict.fromkeys(("__str__", "__repr__", "__iter__", "__len__", "__getitem__", "__eq__", "__bool__", "__getattribute__", "__format__", "__array__", "__array_finalize__", "__array_wrap__", "items", "keys", "tolist", "item", "isoformat"), boom)  # fmt: skip


def hostile(base, *args, **kwargs):
    """An object of a subclass that raises whatever is asked of it from now on."""
    cls = type("Hostile" + base.__name__, (base,), {})
    made = cls(*args, **kwargs)
    for name, value in HOSTILE.items():
        setattr(cls, name, value)
    return made


class City(pydantic.BaseModel):
    site: pydantic.HttpUrl


class Place(TypedDict):
    name: str


@attrs.define
class Slotted:
    a: int
    b: str = attrs.field(default="hidden", repr=False)


@attrs.define(slots=False)
class Plain:
    a: int


class Struct(msgspec.Struct):
    a: int
    b: list[int] = []


def a_function():
    """To be handed over as a value."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (types.SimpleNamespace(a=1), {"a": 1}),
        (argparse.Namespace(a=1), {"a": 1}),
        (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (collections.ChainMap({"a": 1}, {"a": 2, "b": 3}), {"a": 1, "b": 3}),
        (collections.UserDict(a=1), {"a": 1}),
        (collections.UserList([1]), [1]),
        (collections.UserString("a"), "a"),
        (collections.deque([1], maxlen=3), [1]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        ({"a": 1}.items(), [["a", 1]]),
        (fractions.Fraction(1, 3), "1/3"),
        (fractions.Fraction(2, 1), "2"),
        (fractions.Fraction(1 << 100_000, 3), "(fractions.Fraction)"),
        (decimal.Decimal("1.10"), "1.10"),
        (ipaddress.ip_address("10.0.0.1"), "10.0.0.1"),
        (ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8"),
        (ipaddress.ip_interface("::1/64"), "::1/64"),
        (zoneinfo.ZoneInfo("UTC"), "UTC"),
        (dt.timezone(dt.timedelta(hours=1)), "UTC+01:00"),
        (re.compile("a+"), "a+"),
        (array.array("d", [1.5]), {"$type": "array.array", "dtype": "d", "shape": [1], "values": [1.5]}),
        (Slotted(1), {"a": 1}),
        (Plain(1), {"a": 1}),
        (Struct(1, [2]), {"a": 1, "b": [2]}),
        (pydantic.AnyUrl("http://u:pa55word@h/p"), "http://u:[masked:url_password]@h/p"),
        (City(site="http://h/p"), {"site": "http://h/p"}),
        (pydantic.PostgresDsn("postgres://h/db"), "postgres://h/db"),
        (a_function, {"$type": "function", "name": f"{__name__}.a_function"}),
        (len, {"$type": "builtin_function_or_method", "name": "len"}),
        (City.model_dump, {"$type": "function", "name": "pydantic.main.BaseModel.model_dump"}),
        (City, {"$type": f"{__name__}.City"}),
        (Place, {"$type": f"{__name__}.Place"}),
        (collections.abc.Mapping, {"$type": "collections.abc.Mapping"}),
        (np.int64(9), 9),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), {"$num": "nan"}),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.longdouble(1.5), 1.5),
        (np.complex64(1j), "1j"),
        (np.datetime64("2026-01-02T03:04"), "2026-01-02T03:04"),
        (np.timedelta64(5, "s"), "5 seconds"),
        ({np.int64(1): np.int8(2)}, {"1": 2}),
        (
            np.arange(6).reshape(2, 3),
            {"$type": "numpy.ndarray", "dtype": "int64", "shape": [2, 3], "values": [[0, 1, 2], [3, 4, 5]]},
        ),
        (np.array(7.5), {"$type": "numpy.ndarray", "dtype": "float64", "shape": [], "values": 7.5}),
        (
            np.zeros((40, 3, 5)),
            {
                "$type": "numpy.ndarray",
                "dtype": "float64",
                "shape": [40, 3, 5],
                "head": [[[0.0] * 5, [0.0] * 5]],
            },
        ),
        (
            np.array([(1, "hunter2")], dtype=[("a", "i4"), ("password", "U7")]),
            {
                "$type": "numpy.ndarray",
                "dtype": "|V32",
                "shape": [1],
                "values": [{"a": 1, "password": "[masked:password]"}],
            },
        ),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_what_a_well_known_value_holds_is_told(value, expected):
    assert plain(value) == expected


def test_an_ordered_dict_has_its_own_order():
    ordered = collections.OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert list(plain(ordered)) == ["b", "a"]


def test_a_row_of_sqlite_is_told_by_column():
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    assert plain(database.execute("select 1 as n, 'x' as password").fetchone()) == {
        "n": 1,
        "password": "[masked:password]",
    }
    database.close()


def test_an_image_is_told_by_its_size_and_mode():
    image = pytest.importorskip("PIL.Image").new("RGB", (3, 2))
    assert plain(image) == {"$type": "PIL.Image.Image", "mode": "RGB", "size": [3, 2]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (hostile(types.SimpleNamespace, a=1), {"a": 1}),
        (hostile(decimal.Decimal, "1.1"), "1.1"),
        (hostile(fractions.Fraction, 1, 3), "1/3"),
        (hostile(dt.datetime, 2026, 1, 2, 3, tzinfo=dt.UTC), "2026-01-02T03:00:00+00:00"),
        (hostile(dt.date, 2026, 1, 2), "2026-01-02"),
        (hostile(dt.timedelta, seconds=2), 2.0),
        (hostile(type(pathlib.Path()), "a", "b"), "a/b"),
        (hostile(collections.deque, [1]), [1]),
        (hostile(collections.Counter, "a"), {"a": 1}),
        (hostile(np.ndarray, (2, 2)), {"dtype": "float64", "shape": [2, 2]}),
        (hostile(Slotted, 1), {"a": 1}),
        (hostile(Struct, 1), {"a": 1, "b": []}),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_a_subclass_is_read_past_its_own_code(value, expected):
    found = plain(value)
    assert (
        {k: v for k, v in found.items() if k != "$type"} == expected
        if isinstance(found, dict)
        else found == expected
    )


def test_a_uuid_of_a_subclass_is_read_past_its_own_code():
    cls = type("Id", (uuid.UUID,), {"__str__": boom, "hex": property(boom), "__slots__": ()})
    assert plain(cls(int=5)) == "00000000-0000-0000-0000-000000000005"


def test_a_time_zone_of_the_programs_own_is_not_asked():
    zone = type("Zone", (dt.tzinfo,), {"utcoffset": boom, "tzname": boom, "dst": boom})()
    assert plain(dt.datetime(2026, 1, 2, tzinfo=zone)) == f"2026-01-02T00:00:00 ({__name__}.Zone)"


def test_a_proxy_of_a_mapping_of_the_programs_own_does_not_run_it():
    class Own(collections.abc.Mapping):
        __getitem__ = __iter__ = __len__ = boom

    assert plain(types.MappingProxyType(Own()))["$type"].endswith(".Own")


def test_what_is_only_called_as_a_library_is_not_trusted():
    fake = type("ndarray", (), {"__module__": "numpy", **HOSTILE})
    real = type("int64", (), {"__module__": "numpy", **HOSTILE})
    assert [plain(fake()), plain(real())] == [{"$type": "numpy.ndarray"}, {"$type": "numpy.int64"}]


def test_a_metaclass_that_raises_is_not_run():
    meta = type("Meta", (type,), {**{k: v for k, v in HOSTILE.items() if k != "__getattribute__"}})
    assert plain(meta("Shown", (), {"__hash__": object.__hash__}))["$type"].endswith("Shown")


def test_an_array_of_objects_tells_each_by_what_it_is():
    cls = type("Cruel", (), HOSTILE)
    array = np.array([None, 1, None], dtype=object)
    array[0] = cls()
    found = plain(array)
    assert (found["dtype"], found["values"]) == ("object", [{"$type": f"{__name__}.Cruel"}, 1, None])


def seconds(value):
    began = time.process_time()
    line = encode({"": plain(value)})
    assert len(line) < 20_000
    return time.process_time() - began


def test_an_array_costs_the_same_whatever_its_size():
    assert seconds(np.broadcast_to(np.float64(1), (1_000_000_000,))) < 0.1
    assert seconds(np.broadcast_to(np.float64(1), (1000, 1000, 1000))) < 0.1
    assert plain(np.zeros(3, dtype="U2000000"))["shape"] == [3]
    assert "values" not in plain(np.zeros(3, dtype="U2000000"))
    assert plain(array.array("b", bytes(10_000_000)))["head"] == [0] * 10


def test_a_file_that_an_array_stands_in_is_not_read(tmp_path):
    mapped = np.memmap(tmp_path / "big", dtype="f4", mode="w+", shape=(1000, 10))
    assert plain(mapped) == {"$type": "numpy.memmap", "dtype": "float32", "shape": [1000, 10]}


def test_a_tensor_is_told_by_its_dtype_and_shape_and_never_fetched(monkeypatch):
    """torch is not among what the tests need: this is a module with the layout of its C classes, and its modes."""
    made = types.ModuleType("torch")
    core = types.ModuleType("torch._C")
    made.dtype = type("dtype", (), {"__module__": "torch", "__repr__": lambda _: "torch.float32"})
    made.Tensor = type(
        "Tensor",
        (),
        {"__module__": "torch", "__slots__": ("dtype", "shape"), **dict.fromkeys(("tolist", "item"), boom)},
    )
    modes = [0]
    core._len_torch_function_stack = lambda: modes[0]
    monkeypatch.setitem(sys.modules, "torch", made)
    monkeypatch.setitem(sys.modules, "torch._C", core)
    tensor = made.Tensor()
    tensor.dtype, tensor.shape = made.dtype(), type("Size", (tuple,), {"__iter__": boom})((2, 3))
    assert plain(tensor) == {"$type": "torch.Tensor", "dtype": "torch.float32", "shape": [2, 3]}
    modes[0] = 1
    assert plain(tensor) == {"$type": "torch.Tensor"}


def test_a_tool_that_returns_a_sum_of_numpy_keeps_its_result():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r") as run:
        with run.tool("count", args={"of": np.arange(3)}) as call:
            call.set(result={"n": np.arange(5).sum(), "mean": np.float32(2.0)})
    start, end = (line for line in sink.records if line["ev"].startswith("tool."))
    assert end["result"] == {"n": 10, "mean": 2.0}
    assert start["args"]["of"]["values"] == [0, 1, 2]
