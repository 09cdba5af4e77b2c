"""Inspect Scout imports the ATIF documents of real runs, and its grep scanner finds a planted phrase in them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import steplog

pytestmark = pytest.mark.servers
AGENTS = Path(__file__).parents[1] / "export" / "agents.py"
PROGRAM = "from steplog._cli.main import main; main()"
SCOUT = """
import asyncio, json, sys
from inspect_scout import grep_scanner, scan, scan_results_df, transcripts_db, transcripts_from
from inspect_scout.sources import atif

documents, folder = sys.argv[1:]

async def load():
    async with transcripts_db(f"{folder}/db") as db:
        await db.insert(atif(documents))
    return [transcript async for transcript in atif(documents)]

if __name__ == "__main__":
    found = asyncio.run(load())
    status = scan(
        scanners=[grep_scanner("quota exceeded", name="planted")], transcripts=transcripts_from(f"{folder}/db"),
        scans=f"{folder}/scans", display="none",
    )
    rows = scan_results_df(status.location).scanners["planted"]
    values = {row.transcript_id: row.value for row in rows.itertuples()}
    roles = {each.transcript_id: [message.role for message in each.messages] for each in found}
    print(json.dumps([roles, values], default=int))
"""


@pytest.fixture(scope="module")
def found(environment, tmp_path_factory):
    """The log, what Scout has of it (roles by run, hits by run), and what the export said on standard error."""
    folder = tmp_path_factory.mktemp("scout")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STEPLOG", "LANGSMITH"))}
    for kind in ("five", "failed", "crashed", "interrupted", "team"):
        command = [sys.executable, "-c", PROGRAM, "run", "--path", folder / "log", AGENTS, kind]
        subprocess.run(command, env=env, capture_output=True, timeout=120, check=False)
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "export",
        "atif",
        "-p",
        folder / "log",
        "-o",
        folder / "documents",
    ]
    exported = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
    bin_ = environment("inspect-scout", "harbor", ours=(), python="3.12")
    (folder / "scan.py").write_text(SCOUT)
    done = subprocess.run(
        [bin_ / "python", folder / "scan.py", folder / "documents", folder], env=env, cwd=folder, capture_output=True,
        text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    roles, hits = json.loads(done.stdout.splitlines()[-1])
    return steplog.read(folder / "log"), roles, hits, exported.stderr


def test_each_run_is_a_transcript_a_crashed_one_and_an_interrupted_one_too(found):
    log, roles, _, said = found
    assert {run.status for run in log.runs} == {"ok", "error", "crashed", "interrupted"}
    assert set(roles) == {run.id for run in log.runs}
    for run in log.runs:
        assert {"user", "assistant"} <= set(roles[run.id]), run.name
    assert "not told: 1 resumes" in said


def test_the_planted_phrase_is_found_where_it_is_and_nowhere_else(found):
    log, _, hits, _ = found
    names = {run.id: run.name for run in log.runs}
    assert {names[run] for run, count in hits.items() if count} == {"five"}
    assert next(count for run, count in hits.items() if names[run] == "five") == 2
