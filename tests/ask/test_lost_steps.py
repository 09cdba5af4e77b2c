"""Figures are sums of steps; what the ends of runs count beyond them is said beside them, to the digit."""

import re
import shutil

import orjson
import pytest

import steplog
from steplog import ask

pytest.importorskip("duckdb")
from damages import DAMAGES, lost_lines, segments, whole

COUNTED = ("llm_calls", "tool_calls", "input_tokens", "output_tokens")


def told(log):
    found = [note for note in ask.stats(log, ["model"]).notes if note.startswith("run.end")]
    assert found == [note for note in ask.cost(log).notes if note.startswith("run.end")]
    if not found:
        return (0, 0, 0)
    counts = [
        re.search(rf"(\d+) {what}", found[0]) for what in ("more call", "more token", "runs? that lost")
    ]
    return tuple(int(count[1]) if count else 0 for count in counts)


def expected(log):
    """The reader's totals, less what the reader's steps add up to."""
    runs = calls = tokens = 0
    for run in log.runs:
        steps = [step for step in run.steps if not step.fields.get("cached")]
        sums = {
            "llm_calls": sum(step.kind == "llm" for step in run.steps),
            "tool_calls": sum(step.kind == "tool" for step in run.steps),
            **{name: sum(step.usage.get(name) or 0 for step in steps) for name in COUNTED[2:]},
        }
        more = {name: max(0, (run.totals.get(name) or 0) - sums[name]) for name in COUNTED}
        runs += any(more.values())
        calls += more["llm_calls"] + more["tool_calls"]
        tokens += more["input_tokens"] + more["output_tokens"]
    return (calls, tokens, runs)


@pytest.mark.parametrize(
    "damage", [each for each in DAMAGES if each.__name__ not in ("odd_types", "reused_ids", "cached_answers")],
    ids=lambda damage: damage.__name__,
)  # fmt: skip
def test_what_the_ends_count_beyond_the_steps_is_said(busy, tmp_path, damage):
    path = tmp_path / "logs"
    shutil.copytree(busy, path)
    damage(path)
    log = steplog.read(path)
    assert told(log) == expected(log)
    if damage is lost_lines:
        assert all(told(log)[1:])
    if damage is whole:
        assert not any(told(log))


def test_steps_that_went_with_an_older_segment_are_said_too(tmp_path):
    path = tmp_path / "logs"
    with steplog.Recorder(path, rotate_bytes=4_096) as recorder, recorder.run("long") as run:
        for _ in range(40):
            with run.llm(model="m", messages=[{"role": "user", "content": "x" * 80}]) as call:
                call.set(usage={"input_tokens": 10, "output_tokens": 1})
    oldest = min(segments(path), key=lambda file: orjson.loads(file.read_bytes().splitlines()[0])["seq"])
    oldest.unlink()
    log = steplog.read(path)
    calls, tokens, runs = told(log)
    assert runs == 1
    assert tokens == 440 - sum(ask.stats(log).total.tokens.values())
    assert calls > 0
