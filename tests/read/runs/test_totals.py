"""What a run's steps add up to, and why its last line may say something else."""

import pytest

import steplog
from sample_log import SEGMENT, begun, weather
from steplog._read import read
from steplog._read.runs.totals import totals_of


def one(lines, tmp_path):
    return read(lines.write(tmp_path / SEGMENT)).runs[0]


def test_work_that_ends_after_its_run_is_in_the_totals_and_the_difference_is_told(tmp_path):
    lines = weather()
    del lines.records[-1]
    lines.add("llm.start", step=5, model="late", prompt="1")
    lines.add("llm.end", step=5, ms=1, usage={"input_tokens": 50})
    run = one(lines, tmp_path)
    assert (run.totals_written["input_tokens"], run.totals["input_tokens"]) == (250, 300)
    assert run.totals["models"] == ["gpt-x", "late"]
    assert run.totals_note == (
        "run.end says 4 steps, its steps 5; 2 llm_calls, its steps 3; 250 input_tokens, its steps 300 and 1 more: "
        "2 of its lines came after it"
    )


def test_what_lost_lines_counted_is_in_the_totals_as_the_end_says_and_which_they_are_is_told(tmp_path):
    lines = weather()
    del lines.records[4]
    run = one(lines, tmp_path)
    assert (run.totals_written["input_tokens"], run.totals["input_tokens"]) == (250, 250)
    assert run.totals_note == (
        "run.end says 250 input_tokens, its steps 150; 32 output_tokens, its steps 12: lines 5 to 5 of its writer are missing"
    )


def test_a_writer_that_added_up_wrongly_is_believed_until_its_lines_are_looked_at(tmp_path):
    lines = weather()
    lines.records[-2]["totals"]["input_tokens"] = 9
    run = one(lines, tmp_path)
    assert run.totals["input_tokens"] == 9
    assert run.totals_note == (
        "run.end says 9 input_tokens, its steps 250: the lines between its start and its end are all here, and add up to "
        "something else"
    )
    assert run.totals["input_tokens"] == 250


def test_where_both_say_the_same_there_is_nothing_to_note(tmp_path):
    assert one(weather(), tmp_path).totals_note == ""
    assert one(begun(), tmp_path).totals_note == ""


@pytest.mark.parametrize(
    ("lines", "totals"),
    [
        (begun().add("tool.end", step=3, ms=1, status="error", error={"type": "E"}), {"errors": 1}),
        (begun().add("tool.end", step=3, ms=1, status="error", error={"type": "E", "step": 2}), {}),
        (begun().add("run.end", ms=1, status="error", error={"type": "E"}), {"errors": 1}),
        (begun().add("run.end", ms=1, status="error", error={"type": "E", "step": 3}), {}),
        (begun().add("tool.start", step=4, name="t", attempt=2), {"steps": 4, "tool_calls": 2, "retries": 1}),
        (begun().add("interrupt.point", step=4), {"steps": 4, "interrupts": 1}),
        (begun().add("interrupt.point", step=4).add("resume.point", step=5), {"steps": 5}),
        (begun().add("resume.point", step=4).add("interrupt.point", step=5), {"steps": 5, "interrupts": 1}),
        (begun().add("llm.end", step=2, ms=1, usage={"input_tokens": 7}, model="other"), {"input_tokens": 7, "models": ["other"]}),
        (begun().add("llm.end", step=2, ms=1, implied=True), {}),
        (begun().add("llm.start", step=4, model="asked", prompt="1"), {"steps": 4, "llm_calls": 2, "models": ["gpt-x", "asked"]}),
    ],
)  # fmt: skip
def test_what_counts(tmp_path, lines, totals):
    usual = {
        "steps": 3,
        "llm_calls": 1,
        "tool_calls": 1,
        "input_tokens": 100,
        "output_tokens": 20,
        "models": ["gpt-x"],
    }
    expected = {**usual, **totals}
    if "other" in str(totals):
        del expected["output_tokens"]
    assert one(lines, tmp_path).totals == expected


def test_the_reader_adds_up_as_the_writer_does(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder:
        with recorder.run("fine") as run:
            for model in ("b", "a", "b"):
                with run.llm(model=model, messages=[{"role": "user", "content": "x"}]) as call:
                    call.set(
                        usage={
                            "input_tokens": 3,
                            "output_tokens": 1,
                            "total_tokens": 9,
                            "reasoning_tokens": 1,
                        }
                    )
            run.retry(2, error="again")
            run.custom("note")
        with pytest.raises(ValueError, match="no"), recorder.run("fails within") as run:
            with run.node("n"), run.tool("t"):
                raise ValueError("no")
        with pytest.raises(ValueError, match="no"), recorder.run("fails itself"):
            raise ValueError("no")
        with recorder.run("set to fail") as run, run.tool("t") as tool:
            tool.set(status="error")
    for run in read(tmp_path / "log").runs:
        tree = run._source.tree
        assert totals_of(tree.lines, tree.end) == run.totals_written
        assert run.totals_note == ""
