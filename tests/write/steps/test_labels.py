"""Metadata that the process adds to its runs."""

from __future__ import annotations

import pytest

import steplog
from steplog._write.steps.labels import add_labeller, remove_labeller


@pytest.fixture
def label():
    added = []

    def add(labeller):
        add_labeller(labeller)
        added.append(labeller)

    yield add
    for labeller in added:
        remove_labeller(labeller)


def starts(sink):
    return [record for record in sink.records if record["ev"] == "run.start"]


def test_a_run_has_the_labels_of_its_process_and_its_own_metadata_goes_before(sink, label):
    label(lambda run: {"test": "a::b", "who": "us", "run_was": run})
    with steplog.Recorder(sink=sink) as recorder:
        with recorder.run("plain"):
            pass
        with recorder.run("own", metadata={"who": "the program"}):
            pass
    plain, own = starts(sink)
    assert plain["metadata"] == {"test": "a::b", "who": "us", "run_was": plain["run"]}
    assert own["metadata"] == {"test": "a::b", "who": "the program", "run_was": own["run"]}


def test_without_labels_a_run_is_as_it_was(sink):
    with steplog.Recorder(sink=sink) as recorder, recorder.run("plain"):
        pass
    assert "metadata" not in starts(sink)[0]


def test_a_labeller_that_fails_costs_its_labels_only(sink, label):
    label(lambda run: {"test": 1 / 0})
    with steplog.Recorder(sink=sink) as recorder, recorder.run("plain"):
        pass
    assert [record["ev"] for record in sink.records] == [
        "log.open",
        "log.error",
        "run.start",
        "run.end",
        "log.close",
    ]
