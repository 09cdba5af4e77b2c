"""What shape a log is in: whole, ended without its closing line, or with losses; and whether it says so at any size."""

import os
import signal
import subprocess
import sys
import time
from contextvars import Context

from click.testing import CliRunner

import steplog
from sample_log import SEGMENT, Lines, begun, weather
from steplog._cli.main import steplog as command
from steplog._read.health import examine

WRITER = """
import os, signal, sys, steplog
recorder = steplog.Recorder(sys.argv[1])
with recorder.run("r") as run:
    for number in range(50):
        run.custom("note", {"n": number})
    print("written", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def doctor(path):
    done = CliRunner().invoke(command, ["doctor", str(path)])
    return done.exit_code, done.output


def test_a_log_with_its_closing_line_is_whole(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r"):
        pass
    health = examine(tmp_path / "log")
    assert (health.verdict, health.unclosed, health.segments[0].state) == ("whole", [], "clean")
    code, said = doctor(tmp_path / "log")
    assert (code, said.splitlines()[-1]) == (0, "whole: no acknowledged line is missing")


def test_a_killed_writer_leaves_a_log_that_is_not_called_whole_and_in_which_nothing_is_known_to_be_missing(
    tmp_path,
):
    log = tmp_path / "log"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout.readline() == "written\n"
    alive = examine(log)
    assert (alive.verdict, alive.segments[0].state, alive.unclosed) == ("whole", "live", [])
    writer.communicate("\n")
    assert writer.returncode == -signal.SIGKILL
    health = examine(log)
    (unclosed,) = health.unclosed
    assert (health.verdict, health.segments[0].state, unclosed.is_gone, unclosed.last) == (
        "unclosed",
        "crashed",
        True,
        52,
    )
    code, said = doctor(log)
    assert code == 0
    assert "ended without log.close after line 52" in said
    assert "lines that it could not write to the disk any more would be missing" in said
    assert (
        said.splitlines()[-1]
        == "ended without log.close: no line is known to be missing, but last lines may be"
    )
    assert "whole:" not in said


def test_a_writer_of_another_machine_without_a_closing_line_cannot_be_told(tmp_path):
    code, said = doctor(begun().write_in(tmp_path))
    assert code == 0
    assert "whether its process still runs cannot be told from here" in said
    assert examine(tmp_path).verdict == "unclosed"


def test_a_loss_outweighs_a_missing_closing_line(tmp_path):
    lines = begun()
    del lines.records[3]
    assert examine(lines.write_in(tmp_path)).verdict == "not whole"
    assert doctor(tmp_path)[0] == 1


def test_a_writer_that_went_on_in_the_next_segment_is_closed_where_that_is(tmp_path):
    rows = weather().bytes().splitlines(keepends=True)
    stem = SEGMENT.removesuffix(".jsonl")
    (tmp_path / SEGMENT).write_bytes(b"".join(rows[:5]))
    (tmp_path / f"{stem}.2.jsonl").write_bytes(b"".join(rows[5:]))
    health = examine(tmp_path)
    assert (health.verdict, [one.state for one in health.segments]) == ("whole", ["clean", "clean"])
    (tmp_path / f"{stem}.2.jsonl").write_bytes(b"".join(rows[5:-1]))
    assert examine(tmp_path).verdict == "unclosed"


def test_a_half_line_of_a_killed_writer_in_a_shared_file_is_no_loss_unless_it_wrote_on(tmp_path):
    first, second = Lines("aaaaaaaa", every=True), Lines("bbbbbbbb", every=True)
    for lines in (first, second):
        lines.opened().add("run.start", id="x").add("run.end", ms=1).add("log.close")
    half = first.bytes().replace(b": ", b":").replace(b", ", b",").splitlines()
    other = second.bytes().replace(b": ", b":").replace(b", ", b",").splitlines()
    file = tmp_path / "all.jsonl"
    file.write_bytes(b"\n".join([*half[:2], half[2][:60], *other]) + b"\n")
    health = examine(file)
    assert (health.verdict, len(health.segments[0].torn), health.segments[0].damages) == ("unclosed", 1, [])
    file.write_bytes(b"\n".join([*half[:2], half[2][:60], *other, half[3]]) + b"\n")
    assert examine(file).verdict == "not whole"


def test_five_thousand_segments_cost_as_much_each_as_fifty(tmp_path):
    def make(count):
        folder = tmp_path / str(count)
        folder.mkdir()
        row = weather().bytes()
        for number in range(count):
            w = f"{number:08d}".translate(str.maketrans("0189", "abcd"))
            (folder / f"20261123T0312590{number:05}Z-{number + 1}-{w}.jsonl").write_bytes(
                row.replace(b"k3x9q2ab", w.encode())
            )
        return folder

    def cost(look, folder):
        least = float("inf")
        for _ in range(2):
            before = time.process_time()
            look(folder)
            least = min(least, time.process_time() - before)
        return least

    few, many = make(50), make(5000)
    looks = {
        "doctor": examine,
        "ls": lambda folder: len(steplog.read(folder).runs),
        "last": lambda folder: steplog.read(folder).runs[-1],
    }
    for name, look in looks.items():
        # In turns: what else the machine does is felt in one of them, what grows faster than the segments in all.
        assert any(cost(look, many) < 100 * cost(look, few) * 2.5 + 0.5 for _ in range(3)), name


def found(tmp_path, write):
    with steplog.Recorder(tmp_path / "log") as recorder:
        write(recorder)
    return {finding.kind: finding for finding in examine(tmp_path / "log").findings}


def llm(run, **fields):
    with run.llm(model="m", messages=[{"role": "user", "content": "x"}]) as call:
        call.set(message={"role": "assistant", "content": "y"}, **fields)


def test_a_sub_agent_that_lost_its_config_is_seen_where_it_was_given_the_same_text(tmp_path):
    asked = "which invoice was sent in March 2026?"

    def write(recorder):
        def analyse():
            with recorder.run("analyst", input=[asked]) as inner:
                llm(inner, usage={"input_tokens": 1})

        def other():
            with recorder.run("another", input="something else entirely"):
                pass  # two things at once in one process, that have nothing to do with each other

        with recorder.run("support", input="Please find that invoice.") as run:
            with run.tool("ask_analyst", args={"question": asked}):
                Context().run(analyse)
            with run.tool("wait", args={"seconds": 5}):
                Context().run(other)

    finding = found(tmp_path, write)["lost_config"]
    assert finding.count == 1
    assert "(analyst) ran within step 1 (tool ask_analyst) of run" in finding.text


def test_an_answer_in_two_steps_and_a_run_begun_twice_are_a_handler_twice(tmp_path):
    def write(recorder):
        with recorder.run("r") as run:
            llm(run, usage={"input_tokens": 1}, response_id="r1")
            llm(run, usage={"input_tokens": 1}, response_id="r1")

    assert "has the answer r1 in two steps" in found(tmp_path, write)["recorded_twice"].text
    lines = Lines().opened().add("run.start", id="x").add("run.start", id="x")
    assert examine(lines.write(tmp_path / SEGMENT)).findings[0].kind == "recorded_twice"


def test_calls_without_usage_are_counted_by_model(tmp_path):
    def write(recorder):
        with recorder.run("r") as run:
            llm(run)
            llm(run)
            llm(run, usage={"input_tokens": 1})
            llm(run, cached=True)

    finding = found(tmp_path, write)["no_usage"]
    assert (finding.count, finding.text.endswith("2 (m 2)")) == (2, True)


def test_limits_that_cut_are_named_with_the_setting_that_keeps_more(tmp_path):
    def write(recorder):
        with recorder.run("r") as run, run.tool("t", args={"text": "x" * 3_000_000}) as tool:
            tool.set(result=list(range(5000)))

    with steplog.Recorder(tmp_path / "log") as recorder:
        write(recorder)
    said = [finding.text for finding in examine(tmp_path / "log").findings if finding.kind == "cut"]
    assert sorted(said) == [
        "1 value was cut by a limit in tool t: STEPLOG_MAX_ITEMS=5000 would have kept all that it cut, the largest had so many items",
        "1 value was cut by a limit in tool t: STEPLOG_MAX_VALUE_BYTES=3000000 would have kept all that it cut, the largest had so many bytes",
    ]


def test_what_was_masked_a_lot_is_named_with_the_rule_and_where_it_stood(tmp_path):
    def write(recorder):
        with recorder.run("r") as run:
            for _ in range(120):
                with run.tool("login", args={"user": "joe", "password": "swordfish-9"}):
                    pass
            with run.tool("search", args={"q": "gsk_" + "a1" * 12}):
                pass

    with steplog.Recorder(tmp_path / "log") as recorder:
        write(recorder)
    (finding,) = examine(tmp_path / "log").findings
    assert (finding.kind, finding.count) == ("masked", 120)
    assert finding.text.startswith("120 values were masked as password in tool login, by a telling name")


def test_a_setting_that_masks_a_lot_is_named_as_that_setting(tmp_path):
    with (
        steplog.Recorder(tmp_path / "log", redact_values=["the crew rows"]) as recorder,
        recorder.run("r") as run,
    ):
        for n in range(100):
            with run.tool("read", args={"page": n}) as tool:
                tool.set(result=f"{n}: the crew rows on")
    (finding,) = examine(tmp_path / "log").findings
    assert "masked as redact_values in tool read, by redact_values:" in finding.text


def test_a_healthy_log_has_no_findings(tmp_path):
    def write(recorder):
        for _ in range(3):
            with recorder.run("r", input="a question that is long enough") as run:
                with run.tool("t", args={"q": "a question that is long enough"}):
                    pass
                llm(run, usage={"input_tokens": 1}, response_id=os.urandom(4).hex())

    assert found(tmp_path, write) == {}
