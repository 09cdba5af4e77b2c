"""The views are the same, row by row, whether a log is read line by line or by the rows of its files."""

import shutil

import pytest

import steplog
from steplog import ask

pytest.importorskip("duckdb")
from damages import DAMAGES, bom, lost_lines, packed, segments, torn, whole

from steplog._ask.tables.database import database
from steplog._ask.tables.views import OF_RUNS, VIEWS


def rows(log, *, by_lines):
    """All rows of all views, and whether they were made file by file."""
    with database(log, OF_RUNS, by_lines=by_lines) as held:
        found = {
            view: sorted(
                map(repr, held.rows(f"SELECT {', '.join(column.name for column in VIEWS[view])} FROM {view}"))
            )
            for view in OF_RUNS
        }
        facts = held.loaded
        return found, (list(map(str, facts.bad)), facts.cut, facts.missing), bool(facts.files)


def both(log):
    by_lines, facts, _ = rows(log, by_lines=True)
    by_files, same_facts, are_by_files = rows(log, by_lines=False)
    for view in OF_RUNS:
        assert by_files[view] == by_lines[view], view
    assert same_facts == facts
    return are_by_files


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_view_is_the_same_whatever_is_damaged(busy, tmp_path, damage):
    path = tmp_path / "logs"
    shutil.copytree(busy, path)
    damage(path)
    are_by_files = both(steplog.read(path))
    if damage in (whole, torn, bom, lost_lines, packed):
        assert are_by_files


def test_runs_that_go_on_in_the_next_file_are_put_together(tmp_path):
    path = tmp_path / "logs"
    with steplog.Recorder(path, rotate_bytes=4_096) as recorder, recorder.run("long", thread="t") as run:
        for number in range(60):
            with (
                run.node("agent") as node,
                node.llm(model="m", messages=[{"role": "user", "content": "x" * 80}]) as call,
            ):
                call.set(usage={"input_tokens": number, "output_tokens": 1})
            run.custom("mark", {"n": number})
        with run.tool("t", args={}) as tool:
            tool.set(result="x")
    assert len(segments(path)) > 3
    log = steplog.read(path)
    assert both(log)
    assert ask.stats(log).total.tokens["input_tokens"] == sum(range(60))


def test_an_id_that_is_used_in_two_files_is_told_by_the_lines(busy, tmp_path):
    import orjson

    path = tmp_path / "logs"
    shutil.copytree(busy, path)
    first, second = segments(path)[-2:]
    ids = [orjson.loads(line)["run"] for line in first.read_bytes().splitlines()[1:2]]
    other = [orjson.loads(line)["run"] for line in second.read_bytes().splitlines()[1:2]]
    second.write_bytes(second.read_bytes().replace(other[0].encode(), ids[0].encode()))
    assert not both(steplog.read(path))


def test_many_small_segments_are_read_together_and_damaged_ones_by_themselves(tmp_path):
    path = tmp_path / "logs"
    for number in range(9):
        with steplog.Recorder(path) as recorder, recorder.run(f"r{number}", metadata={"n": number}) as run:
            with run.llm(model="m", messages=[{"role": "user", "content": "x"}]) as call:
                call.set(usage={"input_tokens": number, "output_tokens": 1})
            run.custom("mark", {"n": number})
    files = segments(path)
    files[0].write_bytes(files[0].read_bytes()[:-20])
    nuls(files[3])
    (path / files[4].name).write_bytes(b"")
    data = files[5].read_bytes().splitlines(keepends=True)
    files[5].write_bytes(b"".join(data[:3] + data[4:]))
    log = steplog.read(path)
    assert both(log)
    assert ask.stats(log).total.runs == 8


def nuls(file):
    data = file.read_bytes()
    at = data.index(b"\n", len(data) // 2) + 1
    file.write_bytes(data[:at] + b"\0" * 300 + data[at:])
