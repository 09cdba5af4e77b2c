"""Values that this process was told are secret are found wherever they stand, in the forms that texts have them in."""

import base64
import json
import random
import string
import threading
import time
import urllib.parse

import pytest

from made_secrets import CORPORA, made
from steplog._secrets.known_values import KnownValues
from steplog._secrets.texts import _SHORTEST
from steplog._secrets.tokens import LONG_RUN, runs_of

SHAPES = [
    "{A8}", "{A12}", "{A40}", "{W64}", "{H8}", "{H32}", "{L8}", "{L20}", "{D9}", "{D24}", "{P10}", "{P30}", "{U16}", "acme_{A20}",
    "{L4}-{L5}-{L6}", "{H8}-{H4}-{H4}-{H4}-{H12}", "{A20}+{A10}/{A9}==", "pass phrase {L6} {L5}", "é{A12}ß", 'say "{A9}"\\n{A3}',
    "{A30}\n{A30}",
]  # fmt: skip


def found_in(known, text):
    data = text.encode("ascii", "replace")
    has_run = len(text) >= len(LONG_RUN) and LONG_RUN in runs_of(data)
    spans = sorted(known.values_in(text, data, has_long_run=has_run))
    out, done = "", 0
    for begin, end, kind in spans:
        if begin >= done:
            out += text[done:begin] + f"<{kind}>"
        done = max(done, end)
    return out + text[done:]


@pytest.fixture(params=[1, 30], ids=["alone", "beside many"])
def crowd(request):
    return [(made("{A9}", n), "other") for n in range(request.param)] + [
        (made("{H40}", n), "other") for n in range(request.param)
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "a b {} c",
        "x{}y",
        "{}{}",
        "prose " * 40 + "{}" + " prose" * 40,
        "Ab9_" * 200 + "{}" + "Zz8-" * 200,
    ],
)
def test_a_value_is_found_wherever_it_stands(shape, around, crowd):
    value = made(shape, 3)
    known = KnownValues()
    assert known.add([*crowd, (value, "mine")])
    text = around.replace("{}", value)
    assert value not in found_in(known, text)
    assert found_in(known, text).count("<mine>") == around.count("{}")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_is_found_in_base64_whatever_stands_around_it(shape, crowd):
    value = made(shape, 4)
    known = KnownValues()
    known.add([*crowd, (value, "mine")])
    for before in ("", "j", "jo", "joe:", "joe::"):
        for after in ("", "x", "xy", ":end"):
            whole = (before + value + after).encode()
            for text in (base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()):
                left = found_in(known, f"Basic {text} .")
                assert "<mine>" in left
                shown = left.removeprefix("Basic ").split("<")[0]
                assert value[:6].encode() not in base64.urlsafe_b64decode(
                    shown.replace("+", "-").replace("/", "_") + "==="[: -len(shown) % 4]
                )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_is_found_in_urls_and_in_json_and_as_python_shows_it(shape):
    value = made(shape, 5)
    known = KnownValues()
    known.add([(value, "mine")])
    forms = [
        urllib.parse.quote(value, safe=""), urllib.parse.quote(value), urllib.parse.quote_plus(value),
        urllib.parse.quote(value, safe="").replace("%", "%25").replace("%25", "%"),
        json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False),
        repr(value), repr({"v": value}),
    ]  # fmt: skip
    for form in forms:
        assert "<mine>" in found_in(known, f"see {form} here"), form


def test_short_values_and_endless_ones_are_not_looked_for():
    known = KnownValues()
    assert not known.add([("a" * (_SHORTEST - 1), "short"), ("b" * 20_000, "long"), ("", "empty")])
    assert known.kinds == {}


def test_of_values_that_came_and_went_the_newest_are_remembered_and_of_those_that_were_given_all():
    known = KnownValues()
    given = [made("{A20}", f"given {n}") for n in range(250)]
    known.add([(value, "redact_values") for value in given])
    for n in range(30):
        known.add([(made("{A20}", f"{n} {i}"), "k") for i in range(10)])
    assert len(known._values) == 450
    assert found_in(known, " ".join(given)) == " ".join(["<redact_values>"] * 250)
    assert found_in(known, made("{A20}", "29 9")) == "<k>"
    assert found_in(known, made("{A20}", "0 0")) == made("{A20}", "0 0")


def test_values_that_threads_add_at_the_same_time_are_all_looked_for():
    known = KnownValues()
    values = [[(made("{A20}", f"{thread} {n}"), "k") for n in range(4)] for thread in range(8)]
    threads = [
        threading.Thread(target=lambda mine=mine: [known.add([one]) for one in mine]) for mine in values
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(found_in(known, value) == "<k>" for mine in values for value, _ in mine)


def test_fifty_values_cost_little_more_than_none():
    """The bound is loose, since the machine may be busy; the note has the figures."""
    known = KnownValues()
    known.add([(made(SHAPES[n % len(SHAPES)], n), f"k{n}") for n in range(50)])
    rng = random.Random(1)
    prose = (CORPORA / "innocent.txt").read_text("utf-8")[:8192]
    dense = "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(8192))
    for text, most in ((prose, 40e-6), (dense, 60e-6)):
        data = text.encode("ascii", "replace")
        has_run = LONG_RUN in runs_of(data)
        took = []
        for _ in range(20):
            began = time.thread_time()
            list(known.values_in(text, data, has_long_run=has_run))
            took.append(time.thread_time() - began)
        assert min(took) < most * len(text) / 1024
