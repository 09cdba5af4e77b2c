"""The views are what docs/sql.md says, and a question can read them and nothing else."""

import re
import shutil
import time
from pathlib import Path

import pytest

import steplog
from steplog import ask
from steplog._ask.tables.views import VIEWS

duckdb = pytest.importorskip("duckdb")
DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


@pytest.fixture(scope="module")
def log(busy):
    return steplog.read(busy)


def test_the_page_about_sql_has_every_view_with_every_column_as_it_is():
    told = {}
    for title, body in re.findall(
        r"\n## (\w+)\n(.*?)(?=\n## |\Z)", DOCS.read_text(encoding="utf-8"), re.DOTALL
    ):
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| (.+) \|$", body, re.MULTILINE)
        if rows:
            told[title] = [tuple(row) for row in rows]
    assert told == {view: [tuple(column) for column in columns] for view, columns in VIEWS.items()}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_columns_and_types_that_are_promised(log, view):
    answer = ask.sql(log, f"SELECT * FROM {view} LIMIT 1")
    assert list(answer.columns) == [column.name for column in VIEWS[view]]
    assert list(answer.types) == [column.type for column in VIEWS[view]]


def test_every_question_on_the_page_can_be_asked(log):
    (block,) = re.findall(r"```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    questions = [question for question in block.split(";") if question.strip()]
    assert len(questions) > 3
    for question in questions:
        assert ask.sql(log, question).columns


@pytest.mark.parametrize(
    "question",
    [
        "SELECT 1; SELECT 2",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '{folder}/x.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/x.csv'",
        "EXPORT DATABASE '{folder}/x'",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '9GB'",
        "PRAGMA database_size",
        "CREATE TABLE x AS SELECT 1",
        "DELETE FROM stored",
        "PIVOT steps ON kind USING count(*)",
        "SELECT * FROM secret_frame",
        "SELEC",
        "",
        "SELECT nothing FROM runs",
    ],
)
def test_what_is_no_single_select_over_the_views_is_refused_and_does_nothing(log, tmp_path, question):
    secret_frame = {"a": pytest.importorskip("numpy").array([1, 2, 3])}  # DuckDB would take it for a table
    with pytest.raises(ask.SqlError):
        ask.sql(log, question.replace("{folder}", str(tmp_path)))
    assert list(tmp_path.iterdir()) == []
    assert len(secret_frame) == 1


def test_a_question_that_takes_too_long_is_given_up(log):
    begun = time.monotonic()
    with pytest.raises(ask.SqlError, match=r"no answer within 0\.5 s"):
        ask.sql(log, "SELECT sum(x) FROM range(1000000000000) AS t(x)", seconds=0.5)
    assert time.monotonic() - begun < 20


def test_a_question_that_needs_more_memory_than_it_has_is_answered_from_disk_or_refused_in_a_sentence(log):
    answer = ask.sql(log, "SELECT count(DISTINCT x) FROM range(3000000) AS t(x)", memory="100MB")
    assert answer.rows == ((3_000_000,),)
    with pytest.raises(ask.SqlError, match=r"[Mm]emory"):
        ask.sql(log, "SELECT list(x) FROM range(100000000) AS t(x)", memory="60MB")


def test_arguments_and_results_are_those_of_the_reader(log):
    rows = ask.sql(log, "SELECT run, step, args, result FROM tool_calls ORDER BY run, step").as_json()
    steps = [
        step
        for run in sorted(log.runs, key=lambda each: each.id)
        for step in run.steps
        if step.kind == "tool"
    ]
    assert len(rows) == len(steps) > 50
    for row, step in zip(rows, steps, strict=True):
        assert row["args"] == step.field("args")
        assert row["result"] == step.field("result")


def test_messages_are_those_of_the_reader(log):
    rows = ask.sql(log, "SELECT * FROM messages").as_json()
    messages = {(run.id, message["m"]): message for run in log.runs for message in run.messages}
    assert {(row["run"], row["m"]) for row in rows} == set(messages)
    for row in rows:
        message = messages[row["run"], row["m"]]
        assert (row["role"], row["content"]) == (message["role"], message.get("content", ""))
        assert row["tool_calls"] == message.get("tool_calls")


def test_documents_and_points_have_a_row_each(tmp_path):
    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r") as run:
        with run.retriever("notes", query="tea") as call:
            call.set(
                documents=[
                    {"id": "a", "score": 0.5, "content": "green", "metadata": {"page": 3}},
                    {"content": "black"},
                ]
            )
        run.custom("noted", {"a": 1})
        run.retry(2, wait_ms=5.0, error="busy")
    log = steplog.read(tmp_path / "log")
    rows = ask.sql(log, "SELECT rank, id, score, content, metadata FROM documents ORDER BY rank").as_json()
    assert rows == [
        {"rank": 1, "id": "a", "score": 0.5, "content": "green", "metadata": {"page": 3}},
        {"rank": 2, "id": None, "score": None, "content": "black", "metadata": None},
    ]
    points = ask.sql(
        log, "SELECT kind, name, attempt, wait_ms, data, error_message FROM points ORDER BY step"
    ).as_json()
    assert points[0] == {
        "kind": "custom",
        "name": "noted",
        "attempt": None,
        "wait_ms": None,
        "data": {"a": 1},
        "error_message": None,
    }
    assert (points[1]["attempt"], points[1]["wait_ms"], points[1]["error_message"]) == (2, 5.0, "busy")


def test_a_step_without_an_end_is_open_and_a_run_without_one_is_as_its_process_is(log):
    rows = ask.sql(
        log,
        "SELECT status, (SELECT count(*) FROM steps WHERE steps.run = runs.run AND status = 'open') AS n FROM runs WHERE name = 'dies'",
    )
    assert rows.rows == (("crashed", 1),)


def test_rows_go_to_a_parquet_file_and_nowhere_else(log, tmp_path):
    file = tmp_path / "it's.parquet"
    told = ask.sql(log, "SELECT run, step FROM steps", parquet=file)
    count = duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [str(file)]).fetchone()
    assert told.rows[0] == count
    assert [each.name for each in tmp_path.iterdir()] == ["it's.parquet"]


def test_only_the_runs_asked_for_are_in_the_views(log):
    one = log.runs[3].id
    assert ask.sql(log, "SELECT DISTINCT run FROM steps", runs=[one]).rows == ((one,),)
    assert ask.sql(log, "SELECT DISTINCT run FROM messages", runs=[one]).rows == ((one,),)


def test_a_path_may_have_what_is_a_pattern_or_a_quote_elsewhere(tmp_path, busy):
    folder = tmp_path / "it's [a] *log*?"
    for decoy in ("it's a log", "it's a logs", "it's [a] *log*x"):
        shutil.copytree(busy, tmp_path / decoy)
    with steplog.Recorder(folder) as recorder, recorder.run("r") as run, run.tool("t"):
        pass
    assert ask.sql(steplog.read(folder), "SELECT count(*) FROM steps").rows == ((1,),)


def test_a_view_or_a_select_comes_as_a_table_of_arrow_or_a_frame(log):
    pytest.importorskip("pyarrow")
    assert ask.arrow(log, "steps").num_rows == ask.sql(log, "SELECT count(*) FROM steps").rows[0][0]
    pytest.importorskip("pandas")
    assert list(ask.df(log, "SELECT kind FROM steps LIMIT 2").columns) == ["kind"]
    pytest.importorskip("polars")
    assert ask.pl(log, "SELECT kind FROM steps LIMIT 2").height == 2


def test_the_schema_names_what_there_is():
    assert list(ask.schema()) == list(VIEWS)
    with pytest.raises(steplog.NotFound, match="there are runs, steps"):
        ask.schema("tables")
