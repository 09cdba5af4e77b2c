"""The SQL of the views and figures in Spark's words, and what a user may ask there. That the answers are the same, tests/servers shows."""

import subprocess
import sys

import pytest

from steplog import ask
from steplog._ask import counting
from steplog._ask.tables.gathered import OF_LINES
from steplog._ask.tables.views import MADE_BY

sqlglot = pytest.importorskip("sqlglot")
from steplog._fleet.spark_sql import as_spark, checked  # noqa: E402 - sqlglot is an extra

OF_DUCKDB_ONLY = (
    "epoch_us",
    "quantile_cont",
    "time_bucket",
    "arg_m",
    "list_filter",
    "any_value(name)",
    "::",
    "hugeint",
    "int128",
)


@pytest.mark.parametrize("view", [*OF_LINES, *MADE_BY])
def test_a_view_is_said_in_words_that_spark_knows(view):
    said = as_spark({**OF_LINES, **MADE_BY}[view])
    assert len(sqlglot.parse(said, read="spark")) == 1
    assert not [word for word in OF_DUCKDB_ONLY if word in said.lower()]


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("SELECT any_value(a) FILTER (b) FROM runs", "SELECT ANY_VALUE(a, TRUE) FILTER(WHERE b) FROM runs"),
        (
            "SELECT quantile_cont(ms, [0.5, 0.95]) FROM runs",
            "SELECT PERCENTILE(ms, ARRAY(0.5, 0.95)) FROM runs",
        ),
        ("SELECT metadata->>'/a~1b' FROM runs", "SELECT GET_JSON_OBJECT(metadata, '$[\\'a/b\\']') FROM runs"),
        ("SELECT metadata->>'user' FROM runs", "SELECT GET_JSON_OBJECT(metadata, '$.user') FROM runs"),
        (
            "SELECT strftime(started, '%Y-%m-%d') FROM runs",
            "SELECT DATE_FORMAT(started, 'yyyy-MM-dd') FROM runs",
        ),
        ("SELECT arg_max(name, started) FROM runs", "SELECT MAX_BY(name, started) FROM runs"),
        ("SELECT 1::HUGEINT FROM runs", "SELECT CAST(1 AS DECIMAL(38, 0)) FROM runs"),
    ],
)
def test_a_word_of_duckdbs_becomes_sparks(duckdb, spark):
    assert checked(duckdb) == spark


def test_figures_have_no_comparison_that_only_a_nested_loop_can_do():
    assert "IN (SELECT" not in as_spark(counting._PLACES).upper()


@pytest.mark.parametrize(
    "question",
    [
        "SELECT 1; SELECT 2",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM lines",
        "SELECT * FROM notes",
        "SELECT * FROM other.runs",
        "SELECT * FROM runs, range(3)",
        "SELECT reflect('java.lang.System', 'exit', 1) FROM runs",
        "SELECT java_method('java.lang.System', 'getenv', 'HOME')",
        "WITH x AS (SELECT * FROM secrets) SELECT * FROM x",
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE runs",
        "PIVOT steps ON kind USING count(*)",
        "SELEC",
        "",
    ],
)
def test_what_is_no_single_select_over_the_views_is_refused(question):
    with pytest.raises(ask.SqlError):
        checked(question)


def test_without_spark_the_commands_say_how_to_get_it(tmp_path):
    import steplog

    with steplog.Recorder(tmp_path / "log") as recorder, recorder.run("r"):
        pass
    program = "import sys\nsys.modules['pyspark'] = None\nfrom steplog._cli.main import main\nmain()"
    for words in (["stats"], ["cost"], ["errors"], ["sql", "SELECT 1"]):
        command = [sys.executable, "-c", program, *words, "--engine", "spark", "-p", tmp_path / "log"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "pip install 'steplog[spark]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_master_is_for_spark_and_standard_input_is_not(tmp_path):
    from click.testing import CliRunner

    from steplog._cli.main import steplog as cli

    assert "--master is for --engine spark" in CliRunner().invoke(cli, ["stats", "--master", "x"]).stderr
    done = CliRunner().invoke(cli, ["stats", "-", "--engine", "spark"])
    assert (done.exit_code, "standard input cannot be read by Spark" in done.stderr) == (2, True)
