"""Input: any object at all costs a bounded time and a bounded line, never an exception, and is what it was afterwards."""

import copy
import json
import math
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import steplog

MOST = 16_384


class Hostile:
    """Whatever is asked of it fails, in a way of its own."""

    def __init__(self, error):
        object.__setattr__(self, "error", error)

    def _fail(self, *_, **__):
        raise object.__getattribute__(self, "error")

    def __getattr__(self, name):
        if name.startswith("_"):  # what asks for such a name here is hypothesis, which wants to print it
            raise AttributeError(name)
        self._fail()

    __str__ = __repr__ = __len__ = __iter__ = __eq__ = __bool__ = __format__ = __getitem__ = _fail
    __reduce__ = __deepcopy__ = __copy__ = __dir__ = __int__ = __float__ = __index__ = __bytes__ = _fail
    __hash__ = object.__hash__


class Texts(str):
    __slots__ = ()

    def __str__(self):
        raise ValueError("no")


class Dicts(dict):
    def items(self):
        raise ValueError("no")

    __iter__ = keys = values = items


class Endless:
    def __iter__(self):
        while True:
            yield 1


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**60, max_value=2**80),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.text(alphabet=st.characters(categories=["Cs", "Cc", "Zl", "Zp", "Lu"])),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.uuids(),
    st.decimals(),
    st.fractions(),
    st.builds(Texts, st.text()),
    st.sampled_from([ValueError("x"), KeyboardInterrupt(), RecursionError(), MemoryError()]).map(Hostile),
    st.sampled_from(
        [object(), Endless(), len, sys, type, int, Hostile, ..., NotImplemented, range(10**9), lambda: 1]
    ),
)
keys = st.one_of(st.text(), leaves.filter(lambda o: type(o).__hash__ is not None))
things = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(st.text(), inner),
        st.dictionaries(st.sampled_from(["password", "$m", "$cut", "", "\u2028", "a" * 400]), inner),
        st.builds(Dicts, st.dictionaries(st.text(), inner)),
        st.builds(ValueError, inner, inner),
    ),
    max_leaves=30,
)


@pytest.fixture(scope="module")
def open_run():
    sink = steplog.MemorySink()
    recorder = steplog.Recorder(sink=sink, max_line_bytes=MOST, max_value_bytes=2000)
    with recorder.run("fuzz") as run:
        yield sink, run
    recorder.close()


def judged(sink, before):
    """The lines that came: strict JSON, one line each by anybody's count, within the limit."""
    new = sink.lines[before:]
    for line in new:
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
        assert len(line) <= MOST
        assert len(line.decode().splitlines()) == 1
        assert not any(ord(c) < 32 or 0x7F <= ord(c) <= 0x9F for c in line.decode())
    return [json.loads(line) for line in new]


def examples(full):
    return {
        "max_examples": 1200 if full else 80,
        "deadline": None,
        "suppress_health_check": list(HealthCheck),
    }


def test_whatever_hypothesis_finds_makes_a_line(open_run, full):
    sink, run = open_run

    @settings(**examples(full))
    @given(things, things)
    def check(one, two):
        before = len(sink.lines)
        began = time.process_time()
        run.custom("any", one)
        with run.tool("t", args=one) as call:
            call.set(result=two, anything=one)
        with run.llm("m", messages=[{"role": "user", "content": one}]) as call:
            call.set(message={"role": "assistant", "content": two})
        assert time.process_time() - began < 2
        found = judged(sink, before)
        assert [line["ev"] for line in found if line["ev"] != "log.error"] == [
            "custom.point", "tool.start", "tool.end", "llm.start", "llm.end",
        ]  # fmt: skip
        assert [line for line in found if line["ev"] == "log.error"] == []

    check()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_inputs_are_left_as_they_were(open_run, full):
    _, run = open_run

    @settings(**examples(full))
    @given(plain)
    def check(one):
        before = copy.deepcopy(one)
        run.custom("any", one)
        assert one == before

    check()


def laughs():
    found = ["lol"]
    for _ in range(40):
        found = [found] * 10
    return found


def deep(n):
    found = []
    for _ in range(n):
        found = [found]
    return found


def wide_and_deep():
    return {f"k{i}": {f"k{j}": [{"x": k} for k in range(50)] for j in range(50)} for i in range(100)}


def ring():
    found = {}
    found["me"] = [found, {"again": found}]
    return found


BOMBS = {
    "a billion laughs": laughs,
    "a list 100,000 deep": lambda: deep(100_000),
    "a hundred million characters": lambda: "words " * 16_000_000,
    "a hundred million bytes": lambda: bytes(100_000_000),
    "a quarter of a million small dicts": wide_and_deep,
    "two million numbers": lambda: list(range(2_000_000)),
    "a thousand lists of a thousand numbers": lambda: [list(range(1000)) for _ in range(1000)],
    "a thousand texts of a thousand characters": lambda: {f"k{i}": f"{i} words " * 100 for i in range(1000)},
    "a ring": ring,
    "an integer of ten million digits": lambda: 1 << 33_000_000,
    "a key of a million characters": lambda: {"k" * 1_000_000: 1},
    "many keys that are no texts": lambda: {(i, (i,)): i for i in range(50_000)},
    "fifty whose repr sleeps": lambda: [
        type("Slow", (), {"__repr__": lambda _: time.sleep(1)})() for _ in range(50)
    ],
    "nested exceptions": lambda: ValueError(ValueError(ValueError(deep(500)))),
    "an exception with a million arguments": lambda: ValueError(*range(1_000_000)),
    "an exception with a list of a million": lambda: ValueError("at", list(range(1_000_000))),
    "not a number": lambda: [math.nan, math.inf, -math.inf],
}


HEAVY = ("a billion laughs", "a quarter of a million small dicts", "a hundred million characters")


@pytest.mark.parametrize("bomb", [pytest.param(b, marks=[pytest.mark.torture] * (b in HEAVY)) for b in BOMBS])
def test_bombs_cost_little(bomb, open_run):
    import tracemalloc

    sink, run = open_run
    value = BOMBS[bomb]()
    before = len(sink.lines)
    tracemalloc.start()
    began = time.process_time()
    run.custom("bomb", value)
    took = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (line,) = judged(sink, before)
    assert line["ev"] == "custom.point"
    assert took < 3  # under tracemalloc, which makes it some times slower
    assert peak < 250_000_000 if "hundred million" in bomb else peak < 60_000_000


def test_iterators_and_streams_are_not_touched(open_run, tmp_path):
    _, run = open_run
    numbers, mapped, pairs = (n for n in range(3)), map(str, [1, 2]), zip([1], [2], strict=True)
    (tmp_path / "file").write_text("content")
    with (tmp_path / "file").open() as file:
        run.custom("any", {"a": numbers, "b": [mapped, pairs], "c": file})
        assert file.read() == "content"
    assert (list(numbers), list(mapped), list(pairs)) == ([0, 1, 2], ["1", "2"], [(1, 2)])


def test_objects_that_other_threads_change_meanwhile(open_run, full):
    sink, run = open_run
    shared = {"list": list(range(100)), "dict": {str(n): n for n in range(100)}, "set": set(range(100))}
    stop = threading.Event()

    def change():
        n = 0
        while not stop.is_set():
            n += 1
            shared["dict"][str(n % 500)] = n
            shared["dict"].pop(str((n * 7) % 500), None)
            shared["list"].append(n)
            del shared["list"][: n % 3]
            shared["set"].add(n % 300)
            shared["set"].discard((n * 7) % 300)

    threads = [threading.Thread(target=change) for _ in range(3)]
    for thread in threads:
        thread.start()
    before = len(sink.lines)
    times = 2000 if full else 100
    for _ in range(times):
        run.custom("any", shared)
    stop.set()
    for thread in threads:
        thread.join()
    found = judged(sink, before)
    assert [line["ev"] for line in found] == ["custom.point"] * times


def test_at_the_recursion_limit_nothing_is_raised(open_run):
    """However little of the stack is left when a hook is called, only the host's own call may hit the limit."""
    _, run = open_run
    raised = []

    def call(n):
        if n:
            return call(n - 1)
        try:
            run.custom("deep", {"a": [1, {"b": "text"}]})
        except RecursionError as error:
            raised.append(error)
        return None

    def depth():
        frame, n = sys._getframe(), 0
        while frame:
            frame, n = frame.f_back, n + 1
        return n

    left = sys.getrecursionlimit() - depth()
    for spare in range(6, 60):
        call(left - spare)
    # The hook's own frames need room to stand; with a few frames left it holds.
    assert len(raised) <= 3
    run.custom("fine", 1)


def test_secrets_are_in_no_byte(tmp_path):
    secret = "sk-proj-" + "Ab3" * 12
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r", input={"key": secret}) as run:
        run.custom(
            f"name {secret}", {"a": [secret, {secret: 1}], "password": "hunter2!", "b": f"x={secret}&y"}
        )
        with run.tool(secret, args=(secret, b"x")) as call:
            call.set(result=ValueError(secret))
        with pytest.raises(RuntimeError), run.tool("fails"):
            raise RuntimeError(f"Bearer {secret}")
    data = b"".join(file.read_bytes() for file in (tmp_path / "log").iterdir())
    assert secret.encode() not in data
    assert b"hunter2" not in data
    assert secret not in "".join(file.name for file in (tmp_path / "log").iterdir())
