"""Of the tags and metadata that a framework hands down, a step has those that the one around it does not have."""

import pytest

import steplog
from steplog._write.steps.handed_down import HandedDown, of_its_own


@pytest.mark.parametrize(
    ("here", "above", "own"),
    [
        (HandedDown(["a", "b"], {"k": 1}), HandedDown(["a"], {}), {"tags": ["b"], "metadata": {"k": 1}}),
        (HandedDown(["a"], {"k": 1}), HandedDown(["a"], {"k": 1}), {}),
        (HandedDown((), {"k": 1}), HandedDown((), {"k": True}), {"metadata": {"k": 1}}),
        (HandedDown((), {"k": {"a": [1, {"b": "x"}]}}), HandedDown((), {"k": {"a": [1, {"b": "x"}]}}), {}),
        (HandedDown((), {"k": {"a": 1}}), HandedDown((), {"k": {"b": 1}}), {"metadata": {"k": {"a": 1}}}),
        (HandedDown((), {"k": [1, 2]}), HandedDown((), {"k": [1, 3]}), {"metadata": {"k": [1, 2]}}),
        (HandedDown(["a"], {"k": 1}), None, {"tags": ["a"], "metadata": {"k": 1}}),
    ],
)
def test_what_is_the_same_above_is_not_told_again(here, above, own):
    assert of_its_own(here, above) == own


def test_a_value_that_contains_itself_is_compared_to_an_end():
    one, two = [], []
    one.append(one)
    two.append(two)
    assert of_its_own(HandedDown((), {"k": one}), HandedDown((), {"k": two})) == {"metadata": {"k": one}}


def test_what_cannot_be_compared_without_its_code_is_another_value():
    class Cruel:
        __eq__ = __bool__ = lambda *_: 1 / 0
        __hash__ = object.__hash__

    same, other = Cruel(), Cruel()
    assert of_its_own(HandedDown((), {"k": same}), HandedDown((), {"k": same})) == {}
    assert of_its_own(HandedDown((), {"k": same}), HandedDown((), {"k": other})) == {"metadata": {"k": same}}


def test_steps_of_a_program_without_a_framework_have_what_they_are_given():
    sink = steplog.MemorySink()
    with steplog.Recorder(sink=sink) as recorder, recorder.run("r", tags=["a"], metadata={"k": 1}) as run:
        with run.tool("t", tags=["a"], metadata={"k": 1}):
            pass
    (start,) = [line for line in sink.records if line["ev"] == "tool.start"]
    assert (start["tags"], start["metadata"]) == (["a"], {"k": 1})
