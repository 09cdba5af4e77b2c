"""A shipped log on Spark: the same views and the same answers as DuckDB's, with a worker killed in mid query too."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import steplog
from steplog import ask, fleet
from steplog._ask.tables.views import OF_RUNS

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]

# In Spark's own environment: what it answers, as JSON.
VIEWS_PROGRAM = """
import json, sys
from steplog import spark
session = spark.session("local[2]")
session.conf.set("spark.sql.shuffle.partitions", "4")
spark.views(session, sys.argv[1])
log = spark.SparkLog(session, sys.argv[1])
found = {}
for view in sys.argv[2].split(","):
    answer = log.sql(f"SELECT * FROM {view}")
    found[view] = [list(answer.columns), list(answer.types), answer.as_json()]
print(json.dumps(found))
"""
ANSWERS_PROGRAM = """
import json, sys
from steplog import ask, spark
session = spark.session("local[2]")
session.conf.set("spark.sql.shuffle.partitions", "4")
log = spark.SparkLog(session, sys.argv[1])
found = {"chosen": log.stats(["name"], ask.parse("status:ok name:supp meta:user=u-1")).as_json()}  # and all of them again
found |= {f"stats {by}": log.stats(by.split(",") if by else []).as_json() for by in json.loads(sys.argv[2])}
found["cost"] = log.cost().as_json()
found["errors"] = [each.as_json() for each in log.errors()]
for question in json.loads(sys.argv[3]):
    found[question] = log.sql(question).as_json()
print(json.dumps(found, default=str))
"""
QUESTIONS = (
    "SELECT model, count(*) AS n, sum(output_tokens) AS out FROM llm_calls GROUP BY model ORDER BY model",
    "SELECT run, metadata->>'user' AS who, tags, models FROM runs ORDER BY run, nth",
    "SELECT date_trunc('day', started) AS day, count(*) AS n FROM runs GROUP BY day ORDER BY day",
    "SELECT kind, quantile_cont(ms, 0.5) AS half FROM steps GROUP BY kind ORDER BY kind",
    "SELECT args->>'q' AS q FROM tool_calls ORDER BY run, nth, step LIMIT 3",
    "SELECT m.content FROM messages m JOIN runs USING (run, nth) WHERE role = 'user' ORDER BY run, m LIMIT 5",
)
GROUPS = ("", "model", "tool,status", "agent", "node", "day,meta.user", "hour", "error", "thread", "name")


@pytest.fixture(scope="module")
def spark(environment):
    """The `bin` of an environment with Spark and steplog."""
    if shutil.which("java") is None:
        pytest.skip("no Java here")
    return environment(
        "pyspark[sql]>=4.1",
        "sqlglot",
        "duckdb",
        "genai-prices",
        "backports.zstd",
        "fsspec",
        "pandas<3",
        ours=(".",),
    )


@pytest.fixture(scope="module")
def env(spark, tmp_path_factory):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "SPARK"))}
    return clean | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(spark / "python"),
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        "PATH": f"{spark}{os.pathsep}{clean['PATH']}",
    }


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A shipped log of two hundred runs of several writers: failures, retries, one that died, one packed segment."""
    sys.path.insert(0, str(ROOT / "tests" / "ask"))
    import busy_log

    folder = tmp_path_factory.mktemp("spark")
    for seed in range(5):
        busy_log.write(folder / "log", seed=seed)
    subprocess.run([sys.executable, "-c", busy_log.DYING, folder / "log"], check=False, timeout=60)
    subprocess.run(
        [sys.executable, ROOT / "tests" / "ask" / "agents_program.py", folder / "log"],
        check=False,
        timeout=120,
    )
    (folder / "store").mkdir()
    list(fleet.ship(folder / "log", str(folder / "store")))
    return folder / "store"


def answered(spark, env, program, *words):
    done = subprocess.run(
        [spark / "python", "-c", program, *map(str, words)],
        env=env,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def plain(found):
    return json.loads(json.dumps(found, default=str))


@pytest.fixture(scope="module")
def on_spark(spark, env, shipped):
    return answered(spark, env, VIEWS_PROGRAM, shipped, ",".join(OF_RUNS))


@pytest.mark.parametrize("view", OF_RUNS)
def test_a_view_has_the_same_columns_types_and_rows_as_duckdbs(view, on_spark, shipped):
    columns, types, rows = on_spark[view]
    here = ask.sql(steplog.read(shipped), f"SELECT * FROM {view}")
    assert (columns, types) == (list(here.columns), list(here.types))

    def ordered(rows):
        # Where a run's file lies is told as each has it.
        return sorted(
            json.dumps({k: v for k, v in row.items() if k != "file"}, sort_keys=True) for row in rows
        )

    assert ordered(rows) == ordered(plain(here.as_json()))
    assert rows or view == "documents"


def test_figures_costs_failures_and_questions_are_the_same_to_the_digit(spark, env, shipped):
    from steplog._ask.find import ids_of

    found = answered(spark, env, ANSWERS_PROGRAM, shipped, json.dumps(GROUPS), json.dumps(QUESTIONS))
    log = steplog.read(shipped)
    for by in GROUPS:
        here = ask.stats(log, by.split(",") if by else [])
        assert by_group(found[f"stats {by}"]) == by_group(plain(here.as_json())), by
    assert by_group(found["cost"]) == by_group(plain(ask.cost(log).as_json()))
    assert found["errors"] == plain([each.as_json() for each in ask.errors(log)])
    chosen = ids_of(log, ask.parse("status:ok name:supp meta:user=u-1"))
    assert found["chosen"] == plain(ask.stats(log, ["name"], runs=chosen).as_json())
    for question in QUESTIONS:
        assert found[question] == plain(ask.sql(log, question).as_json()), question


def by_group(found):
    """The answer with its groups in an order of their own: equal ones come as they come."""
    return {
        **found,
        "groups": sorted(found["groups"], key=lambda group: json.dumps(group, sort_keys=True)),
        "unpriced": sorted(found["unpriced"], key=lambda each: json.dumps(each, sort_keys=True)),
    }


@pytest.mark.parametrize(
    "words",
    [["stats", "--by", "model"], ["cost"], ["errors"], ["sql", QUESTIONS[0]]],
    ids=lambda words: words[0],
)
def test_a_command_answers_the_same_with_either_engine(words, spark, env, shipped):
    def call(*more):
        done = subprocess.run(
            [spark / "steplog", *words, *more, "--json", "-p", shipped],
            env=env,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    assert call("--engine", "spark", "--master", "local[2]") == call()


def test_what_is_no_single_select_over_the_views_is_refused(spark, env, shipped):
    for question in ("SELECT * FROM json.`/etc/passwd`", "SELECT * FROM lines", "SELECT 1; SELECT 2", "DROP TABLE runs",
                     "SELECT reflect('java.lang.System', 'getenv', 'HOME')", "SELECT * FROM read_text('/etc/passwd')"):  # fmt: skip
        done = subprocess.run(
            [spark / "python", "-c", "import sys\nfrom steplog._fleet.spark_sql import checked\nchecked(sys.argv[1])", question],
            env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "SqlError" in done.stderr, question


# -- a cluster

CLUSTER_PROGRAM = """
import json, os, signal, sys, threading, time
from pyspark.sql import SparkSession
from steplog import spark
session = (
    SparkSession.builder.master(sys.argv[2]).config("spark.executor.memory", "700m").config("spark.cores.max", "2")
    .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").config("spark.executor.cores", "1")
    .config("spark.ui.showConsoleProgress", "false").config("spark.sql.shuffle.partitions", "4").getOrCreate()
)
session.sparkContext.setLogLevel("ERROR")
log = spark.SparkLog(session, sys.argv[1])
victim, executors = int(sys.argv[3]), session.sparkContext._jsc.sc()
while (before := executors.getExecutorMemoryStatus().size() - 1) < 2:  # the driver counts as one
    time.sleep(0.1)
tracker, asked = session.sparkContext.statusTracker(), threading.Event()

def kill():
    while not asked.is_set():
        # In mid query: a stage is at work, some of its tasks are done, and others are running.
        for stage in tracker.getActiveStageIds():
            info = tracker.getStageInfo(stage)
            if info is not None and info.numActiveTasks and info.numCompletedTasks:
                os.killpg(victim, signal.SIGKILL)
                print("killed", info, file=sys.stderr, flush=True)
                return

killer = threading.Thread(target=kill)
begun = time.monotonic()
killer.start()
found = log.stats(["model"]).as_json()
seconds = time.monotonic() - begun
asked.set()
killer.join()
rows = log.sql(sys.argv[4]).as_json()
lost = before - (executors.getExecutorMemoryStatus().size() - 1)
print(json.dumps([before, lost, seconds, found, rows]))
"""


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def cluster(spark, env, tmp_path):
    """A standalone master and two workers as processes: the master's URL, and the process groups of the workers."""
    home = next(spark.parent.glob("lib/python*/site-packages/pyspark"))
    port = free_port()
    env = env | {"SPARK_HOME": str(home)}

    def begin(name, *words):
        with (tmp_path / f"{name}.txt").open("wb") as out:
            return subprocess.Popen(
                [home / "bin" / "spark-class", *words],
                env=env,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    master = begin(
        "master",
        "org.apache.spark.deploy.master.Master",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--webui-port",
        "0",
    )
    url = f"spark://127.0.0.1:{port}"
    workers = [
        begin(f"worker{n}", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "--cores", "1",
              "--memory", "1g", "--work-dir", str(tmp_path / f"work{n}"), url)
        for n in (1, 2)
    ]  # fmt: skip
    yield url, workers
    for process in (*workers, master):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A shipped log of about a gigabyte of lines: eight writers, of whom two were killed in mid run. Gone afterwards."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import reading_log

    folder = tmp_path_factory.mktemp("large")
    kept = os.environ.get(
        "STEPLOG_SPARK_LOG"
    )  # one that is shipped already saves the five minutes of writing it
    if kept is None:
        reading_log.write(folder / "log", int(1.3e9))
        assert sum(file.stat().st_size for file in (folder / "log").iterdir()) > 900e6
        list(fleet.ship(folder / "log", str(folder / "store")))
        shutil.rmtree(folder / "log")
    yield Path(kept or folder / "store")
    shutil.rmtree(folder)


STEPS = "SELECT kind, status, count(*) AS n, sum(input_tokens) AS t FROM steps GROUP BY kind, status ORDER BY kind, status"


@pytest.mark.parametrize("size", ["shipped", "large"])
def test_a_worker_killed_in_mid_query_changes_nothing(size, spark, env, cluster, request):
    url, workers = cluster
    where = request.getfixturevalue(size)
    done = subprocess.run(
        [spark / "python", "-c", CLUSTER_PROGRAM, where, url, str(workers[0].pid), STEPS], env=env, capture_output=True, text=True,
        timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "killed" in done.stderr
    executors, lost, seconds, found, rows = json.loads(done.stdout.splitlines()[-1])
    assert (executors, lost) == (2, 1)
    assert workers[0].wait(timeout=10) == -signal.SIGKILL
    log = steplog.read(where)
    begun = time.monotonic()
    assert by_group(found) == by_group(plain(ask.stats(log, ["model"]).as_json()))
    print(
        f"{size}: Spark {seconds:.0f} s with a worker killed, DuckDB {time.monotonic() - begun:.0f} s, {found['total']}"
    )
    assert rows == plain(ask.sql(log, STEPS).as_json())
