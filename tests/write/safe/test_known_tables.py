"""Frames of pandas and polars are told by shape, columns and first rows, of any size, and none of their code is run."""

import datetime as dt
import time

import pytest

from steplog._format.line import encode
from steplog._write.safe.walk import Walk
from steplog._write.settings.settings import Settings

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def plain(value):
    found = Walk(Settings.load("x", environ={})).value(value, 0, (1, "data"))
    encode({"": found})
    return found


def boom(*_, **__):
    raise RuntimeError("foreign code ran")


def without_type(value):
    found = plain(value)
    return {name: held for name, held in found.items() if name != "$type"}


def test_a_frame_is_told_by_shape_columns_and_first_rows():
    frame = pd.DataFrame({"city": ["Oslo", "Rome"], "n": [1, 2], "x": [0.5, None]})
    assert without_type(frame) == {
        "shape": [2, 3],
        "columns": ["city", "n", "x"],
        "head": [{"city": "Oslo", "n": 1, "x": 0.5}, {"city": "Rome", "n": 2, "x": {"$num": "nan"}}],
    }
    assert plain(frame)["$type"].endswith(".DataFrame")


def test_every_kind_of_column_says_its_values():
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2026-01-02", None]),
            "there": pd.to_datetime(["2026-01-02", "2026-01-03"]).tz_localize("Europe/Berlin"),
            "span": pd.to_timedelta(["1s", "2s"]),
            "kind": pd.Categorical(["b", None], categories=["a", "b"]),
            "some": pd.array([1, None], dtype="Int64"),
            "any": [{"a": 1}, [2]],
            "yes": [True, False],
            "sparse": pd.arrays.SparseArray([0, 1]),
        }
    )
    first, second = plain(frame)["head"]
    assert first["when"].startswith("2026-01-02T00:00:00")
    assert second["when"] == "NaT"
    assert first["there"].startswith("2026-01-01T23:00:00")
    assert first["there"].endswith("+00:00")
    assert [row["kind"] for row in (first, second)] == ["b", None]
    assert [row["some"] for row in (first, second)] == [1, None]
    assert [row["any"] for row in (first, second)] == [{"a": 1}, [2]]
    assert [row["yes"] for row in (first, second)] == [True, False]
    assert first["sparse"]["$type"].endswith(".SparseArray")


def test_columns_that_arrow_holds_say_their_values():
    pa = pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "text": pd.array(["x", None], dtype=pd.ArrowDtype(pa.string())),
            "number": pd.array([1, 2], dtype=pd.ArrowDtype(pa.int64())),
            "list": pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        }
    )
    first, second = plain(frame)["head"]
    assert (first["text"], second["text"], first["number"]) == ("x", None, 1)
    assert "ArrowExtensionArray" in first["list"]["$type"]


def test_series_and_indexes_say_name_dtype_and_labels():
    frame = pd.DataFrame({"city": ["Oslo", "Rome"], "year": [1, 2], "n": [3, 4]}).set_index(["city", "year"])
    assert without_type(frame["n"]) == {
        "dtype": "int64",
        "shape": [2],
        "columns": ["n"],
        "head": [{"n": 3}, {"n": 4}],
        "index": [{"city": "Oslo", "year": 1}, {"city": "Rome", "year": 2}],
    }
    assert without_type(pd.Series([1.5, 2.5])) == {"dtype": "float64", "shape": [2], "head": [1.5, 2.5]}
    assert without_type(pd.RangeIndex(3)) == {"shape": [3], "head": [0, 1, 2]}
    assert without_type(frame.index)["head"] == [{"city": "Oslo", "year": 1}, {"city": "Rome", "year": 2}]
    assert without_type(pd.MultiIndex.from_tuples([("a", 1)]))["head"] == [["a", 1]]


def test_single_values_are_texts_and_what_is_missing_is_null():
    assert (
        plain(pd.Timestamp("2026-01-02T03:04:05.000000006", tz="UTC"))
        == "2026-01-02T03:04:05.000000006+00:00"
    )
    assert [plain(pd.NaT), plain(pd.NA), plain(pd.Timedelta("1s"))] == ["NaT", None, "0 days 00:00:01"]
    assert plain(pd.Period("2026-01")) == "2026-01"
    assert plain(pd.Interval(1, 2)) == {"left": 1, "right": 2, "closed": "right"}
    zone = type("Zone", (dt.tzinfo,), {"utcoffset": lambda *_: dt.timedelta(0), "dst": lambda *_: None})()
    stamp = pd.Timestamp("2026-01-02", tz=zone)
    type(zone).utcoffset = boom
    assert plain(stamp).startswith("2026-01-02T00:00:00 (")


def test_what_stands_under_a_telling_name_is_masked():
    frame = pd.DataFrame({"password": ["hunter2hunter2"], "api_key": ["abcdefgh"]})
    both = frame.set_index(["password", "api_key"])
    one = frame.set_index("password")
    for value in (frame, frame["password"], one, one.index, both, both.index):
        assert b"hunter2" not in encode({"": plain(value)})


def test_a_frame_of_any_size_costs_little():
    wide = pd.DataFrame(np.zeros((3, 10_000)))
    split = pd.concat([pd.Series([i], name=f"c{i}") for i in range(3000)], axis=1)
    long = pd.DataFrame({"a": np.zeros(3_000_000)})
    began = time.process_time()
    found = [plain(frame) for frame in (wide, split, long)]
    assert time.process_time() - began < 0.5
    assert [value["shape"] for value in found] == [[3, 10_000], [1, 3000], [3_000_000, 1]]
    assert [len(value["columns"]) for value in found] == [100, 100, 1]
    assert [len(value["head"]) for value in found] == [3, 1, 10]
    assert all(len(encode({"": value})) < 20_000 for value in found)


def test_columns_of_one_name_are_all_told():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert plain(frame)["head"] == [{"a": 1, "1 a": 2}]


def test_hostile_contents_labels_and_subclasses_are_named_and_not_run():
    cruel = type("Cruel", (), dict.fromkeys(("__repr__", "__str__", "__len__", "__iter__", "__bool__"), boom))
    frame = pd.DataFrame({"a": np.array([cruel()], dtype=object)})
    frame.columns = pd.Index(np.array([cruel()], dtype=object))
    assert plain(frame)["columns"] == [f"({__name__}.Cruel)"]
    assert plain(frame)["head"] == [{f"({__name__}.Cruel)": {"$type": f"{__name__}.Cruel"}}]
    names = (
        "shape",
        "columns",
        "index",
        "dtypes",
        "head",
        "__len__",
        "__getattr__",
        "__repr__",
        "iloc",
        "to_dict",
    )
    own = type("Own", (pd.DataFrame,), {name: property(boom) for name in names})
    assert without_type(own({"n": [1]}))["head"] == [{"n": 1}]


def test_nothing_is_kept_in_a_frame_that_was_looked_at():
    frame = pd.DataFrame({"a": [1], "b": ["x"]})
    before = {name: id(value) for name, value in vars(frame).items()}
    blocks = frame._mgr.blocks
    plain(frame)
    assert {name: id(value) for name, value in vars(frame).items()} == before
    assert frame._mgr.blocks is blocks


def test_frames_and_series_of_polars_are_told_and_plans_are_not_run():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {"city": ["Oslo", None], "n": [1, 2], "many": [[1], [2, 3]], "day": [dt.date(2026, 1, 2)] * 2}
    )
    assert without_type(frame) == {
        "shape": [2, 4],
        "columns": ["city", "n", "many", "day"],
        "head": [
            {"city": "Oslo", "n": 1, "many": "(list[i64])", "day": "2026-01-02"},
            {"city": None, "n": 2, "many": "(list[i64])", "day": "2026-01-02"},
        ],
    }
    assert without_type(pl.Series("password", ["hunter2"]))["head"] == [{"password": "[masked:password]"}]
    assert list(plain(frame.lazy())) == ["$type"]


def test_a_frame_of_polars_of_any_size_costs_little():
    pl = pytest.importorskip("polars")
    wide = pl.DataFrame({f"c{i}": [1, 2] for i in range(10_000)})
    deep = pl.DataFrame({"text": ["x" * 30_000_000], "list": [list(range(100_000))]})
    began = time.process_time()
    found = [plain(wide), plain(deep)]
    assert time.process_time() - began < 0.3
    assert (found[0]["shape"], len(found[0]["columns"])) == ([2, 10_000], 100)
    assert found[1]["head"] == [{"text": "(str)", "list": "(list[i64])"}]
