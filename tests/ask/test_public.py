"""What `steplog.ask` offers is documented, and the examples in its documentation run."""

import dataclasses
import doctest
import inspect
import re
from importlib import import_module

import pytest

import steplog
from steplog import ask

MODULES = ["steplog._ask.query", "steplog._read.runs.fingerprints", "steplog._ask.sql"]


def test_every_name_is_documented_and_in_order():
    assert ask.__all__ == sorted(ask.__all__)
    for name in ask.__all__:
        assert (getattr(ask, name).__doc__ or "").strip(), name


def test_every_answer_is_plain_and_frozen_and_tells_itself_as_json():
    answers = [getattr(ask, name) for name in ask.__all__ if dataclasses.is_dataclass(getattr(ask, name))]
    assert len(answers) > 20
    for answer in answers:
        assert answer.__dataclass_params__.frozen, answer


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_give_what_they_say(name):
    found = doctest.testmod(import_module(name))
    assert found.failed == 0


def test_the_example_at_the_head_of_the_module_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("duckdb")
    (code,) = re.findall(r"```python\n(.*?)```", ask.__doc__, re.DOTALL)
    with steplog.Recorder(tmp_path / "logs") as recorder, recorder.run("r") as run:
        run.set(status="error")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "ask.__doc__", "exec"), {})
    assert "'status': 'error'" in capsys.readouterr().out


def test_functions_say_what_they_take_and_give():
    for name in ask.__all__:
        value = getattr(ask, name)
        if inspect.isfunction(value):
            assert "return" in inspect.get_annotations(value), name
