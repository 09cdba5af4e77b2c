"""Every reading command on every damaged log: what can be read is read, the rest is said, and there is never a traceback."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner

from sample_log import SEGMENT, begun, weather
from steplog._cli.main import steplog as cli
from steplog._write.keep.judge import Judge
from steplog._write.keep.packing import pack
from steplog._write.keep.segments import segments_in

HAS_DUCKDB = True
try:
    import duckdb  # noqa: F401
except ImportError:
    HAS_DUCKDB = False

COMMANDS = [
    ["ls"],
    ["ls", "--columns", "run,name,tags,metadata,cost,notes", "--sort", "cost"],
    ["ls", "--tool", "weather", "--meta", "a=b"],
    ["ls", "--text", "Oslo", "--json"],
    ["show", "@last"],
    ["show", "@last", "0"],
    ["show", "@last", "2"],
    ["show", "@last", "--chat"],
    ["show", "@last", "--errors"],
    ["show", "@last", "--budget", "300"],
    ["show", "@last", "--json"],
    ["show", "--thread", "t1"],
    ["errors"],
    ["postmortem", "@last"],
    ["postmortem", "@last", "--md"],
    ["grep", "Oslo"],
    ["grep", "Oslo", "--shown"],
    ["grep", "-E", "O.lo", "-C", "1"],
    ["diff", "@last", "@last"],
    ["compactions", "@last"],
    ["tail"],
    ["doctor"],
    *([["stats", "--by", "model,status"], ["cost"], ["sql", "SELECT * FROM steps"], ["sql", "SELECT * FROM runs"]] if HAS_DUCKDB else []),
]  # fmt: skip


def no_log(folder):
    folder.rmdir()


def empty_directory(folder):
    del folder


def empty_file(folder):
    (folder / SEGMENT).touch()


def torn_tail(folder):
    begun().write_in(folder)
    with (folder / SEGMENT).open("ab") as file:
        file.write(b'{"seq":9,"ts":"2026-11')


def nul_runs(folder):
    data = weather().bytes().splitlines(keepends=True)
    (folder / SEGMENT).write_bytes(b"".join(data[:5]) + b"\0" * 5000 + b"".join(data[5:]) + b"\0" * 4096)


def byte_order_mark(folder):
    (folder / SEGMENT).write_bytes(b"\xef\xbb\xbf" + weather().bytes())


def spliced_lines(folder):
    lines = weather().bytes().splitlines(keepends=True)
    (folder / SEGMENT).write_bytes(
        b"".join(line[:25] + lines[(at + 1) % len(lines)] for at, line in enumerate(lines))
    )


def foreign_json_lines(folder):
    rows = [{"level": "info", "msg": "Oslo"}, [1, 2], "text", {"ev": 5}, {"ev": "run.start"}, None]
    (folder / "app.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def foreign_between_ours(folder):
    weather().write_in(folder)
    with (folder / SEGMENT).open("ab") as file:
        file.write(b'{"level":"info","run":"x","step":"three"}\n[1]\n{"ev":"tool.end","run":5}\n')


def from_the_future(folder):
    lines = weather(v=9)
    lines.records[4]["ev"] = "llm.dreamt"
    lines.records[5]["usage"] = {"input_tokens": "many"}
    lines.add("orchestra.start", step=9, movement={"of": [1, {"a": None}]}).write_in(folder)


def cut_zst(folder):
    zstd = pytest.importorskip("backports.zstd")
    data = zstd.compress(weather().bytes())
    (folder / f"{SEGMENT}.zst").write_bytes(data[:-30])


def text_file(folder):
    (folder / "notes.txt").write_text("hello\n")


INPUTS = [
    no_log, empty_directory, empty_file, torn_tail, nul_runs, byte_order_mark, spliced_lines, foreign_json_lines,
    foreign_between_ours, from_the_future, cut_zst, text_file,
]  # fmt: skip


def call(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def has_no_traceback(result, words):
    why = f"{words}: {result.exception!r} {result.output[-300:]}"
    assert result.exception is None or isinstance(result.exception, SystemExit), why
    assert result.exit_code in (0, 1, 2), why
    assert "Traceback" not in result.output, why
    if result.exit_code == 2:
        assert len(result.stderr.strip().splitlines()) <= 4, why


@pytest.mark.parametrize("damage", INPUTS, ids=lambda damage: damage.__name__)
def test_no_command_fails_on_a_damaged_log(tmp_path, damage):
    folder = tmp_path / "logs"
    folder.mkdir()
    damage(folder)
    for words in COMMANDS:
        has_no_traceback(call(*words, "-p", folder), words)


def test_what_can_be_read_of_a_damaged_log_is_read_and_the_rest_is_named(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    nul_runs(folder)
    shown = call("ls", folder)
    assert "forecast" in shown.stdout
    assert "5000 NUL bytes" in shown.stderr
    if HAS_DUCKDB:
        asked = call("sql", "SELECT count(*) AS n FROM steps", "--json", folder)
        assert json.loads(asked.stdout) == [{"n": 4}]
        assert "5000 NUL bytes" in asked.stderr


def test_a_line_of_50_megabytes_is_read_by_every_command(tmp_path):
    lines = weather()
    lines.records[6]["message"] = {
        "m": 3,
        "role": "tool",
        "content": "Oslo " + "x" * 50_000_000,
        "tool_call_id": "c1",
    }
    folder = lines.write_in(tmp_path / "logs")
    for words in [
        ["ls"],
        ["errors"],
        ["grep", "Oslo", "-c"],
        ["show", "@last"],
        ["show", "@last", "--budget", "200"],
    ]:
        result = call(*words, "-p", folder)
        has_no_traceback(result, words)
        assert result.exit_code == (1 if words == ["errors"] else 0)
    if HAS_DUCKDB:
        result = call("sql", "SELECT count(*) AS n, sum(input_tokens) AS read FROM steps", "--json", folder)
        assert json.loads(result.stdout) == [{"n": 4, "read": 250}]


def test_an_answer_that_nobody_reads_to_the_end_is_no_error(tmp_path):
    folder = weather().write_in(tmp_path / "logs")
    program = "from steplog._cli.main import main; main()"
    shell = f'"{sys.executable}" -c "{program}" grep -E . -p "{folder}" | head -1'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""


WRITER = """
import sys, time, steplog
end = time.monotonic() + float(sys.argv[2])
with steplog.Recorder(sys.argv[1], rotate_bytes=20_000) as recorder:
    while time.monotonic() < end:
        with recorder.run("busy", input="Oslo", thread="t1") as run:
            with run.llm(model="gpt-4o", provider="openai", messages=[{"role": "user", "content": "Oslo"}]) as call:
                call.set(message={"role": "assistant", "content": "x" * 500}, usage={"input_tokens": 5, "output_tokens": 2})
            with run.tool("weather", args={"city": "Oslo"}) as tool:
                tool.set(result="rain" * 50)
        time.sleep(0.002)
"""


def test_a_log_that_is_written_rotated_packed_and_pruned_meanwhile_is_read(tmp_path):
    pytest.importorskip("backports.zstd")
    folder = tmp_path / "logs"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder), "12"])
    over = threading.Event()

    def pack_and_prune():
        while not over.wait(0.05):
            if folder.is_dir():
                segments = segments_in(folder)
                for _ in pack(segments, Judge(folder, segments)):
                    pass
                old = sorted(folder.glob("*.zst"), key=os.path.getmtime)[:-6]
                for file in old:
                    file.unlink()

    janitor = threading.Thread(target=pack_and_prune)
    janitor.start()
    try:
        deadline = time.monotonic() + 60
        while not (folder.is_dir() and list(folder.glob("*.jsonl"))) and time.monotonic() < deadline:
            time.sleep(0.02)
        while writer.poll() is None and time.monotonic() < deadline:
            for words in COMMANDS:
                has_no_traceback(call(*words, "-p", folder), words)
    finally:
        over.set()
        janitor.join()
        writer.wait(30)


def test_ctrl_c_leaves_nothing_behind(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    data = weather().bytes()
    (folder / SEGMENT).write_bytes(data + b"\0\n" + data * 2_000)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = "from steplog._cli.main import main; main()"
    words = (
        ["sql", "SELECT sum(x) FROM range(100000000000) AS t(x), runs"]
        if HAS_DUCKDB
        else ["grep", "-E", "(a|b|O)*z"]
    )
    environment = {**os.environ, "TMPDIR": str(temporary)}
    asking = subprocess.Popen(
        [sys.executable, "-c", program, *words, "-p", str(folder)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while HAS_DUCKDB and not list(temporary.glob("steplog-*/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    asking.send_signal(2)
    _, told = asking.communicate(timeout=30)
    assert asking.returncode == 130
    assert "Traceback" not in told
    assert list(temporary.iterdir()) == []


def test_without_the_extra_the_sentence_that_installs_it_is_said(tmp_path):
    folder = weather().write_in(tmp_path / "logs")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "duckdb.py").write_text("raise ImportError")
    (blocked / "genai_prices.py").write_text("raise ImportError")
    program = "from steplog._cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(blocked)}
    for words in (["stats"], ["cost"], ["sql", "SELECT 1"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words, "-p", str(folder)],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert "pip install 'steplog[query]'" in done.stderr
        assert "Traceback" not in done.stderr
    for words in (
        ["ls"],
        ["show", "@last"],
        ["errors"],
        ["grep", "Oslo"],
        ["postmortem", "@last"],
        ["diff", "@last", "@last"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", program, *words, "-p", str(folder)],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
