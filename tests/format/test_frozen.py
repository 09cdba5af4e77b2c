"""Logs written by earlier versions, in `v1`: every reader reads them today as it did when they were written.

They are never changed and never made anew; a log of another kind, or of a later version, is added beside them. All but two
were written by version 0.1: by LangGraph, LangChain and LlamaIndex agents, by a recorder that writes every kind of line and
every marker, by a process that was killed, one whose disk was full, four that share a file, one of which left half a line;
`damage` was damaged by hand. Since then a repeated line counts once.
`locked` and `packed-frames` have the locks and the many frames that came after, `denied` the calls that did not happen, routes and
cached nodes.
"""

import hashlib
import json
import threading
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import steplog
from steplog._cli.main import steplog as command
from steplog._format.record import MARKERS
from steplog._format.schema import event_names, schema
from steplog._read.health import examine

FOLDER = Path(__file__).parent / "v1"
EXPECTED = json.loads((FOLDER / "expected.json").read_bytes())
LOGS = sorted(EXPECTED)
needs_zstd = {name: name.startswith("packed") for name in LOGS}


def files_of(log):
    path = FOLDER / log
    return sorted(path.iterdir()) if path.is_dir() else [path]


def read_facts(log):
    """What `steplog.read` and the runs say."""
    found = steplog.read(FOLDER / log)
    said = [[run.input, run.output, list(run.messages)] for run in found.runs]
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=True).encode()
    return {
        "runs": [[run.id, run.name, run.status, len(run.steps), dict(run.totals)] for run in found.runs],
        "said": hashlib.sha256(canonical).hexdigest()[:16],
        "bad": [[bad.file.name, bad.number, bad.offset] for bad in found.bad],
        "gaps": [[gap.writer, gap.first, gap.last] for gap in found.gaps],
        "lost": [lost["count"] for lost in found.lost],
        "faults": len(found.faults),
        "notices": len(found.notices),
    }


def follow_facts(log):
    """How many lines and damages `steplog.follow` gives."""
    over = threading.Event()
    over.set()
    kinds = Counter(type(line).__name__ for line in steplog.follow(FOLDER / log, last=None, stop=over))
    return dict(sorted(kinds.items()))


def doctor_facts(log):
    """What the examination finds in each file, and in all; with the chain's key."""
    health = examine(FOLDER / log, b"frozen" if log == "chained" else None)
    return {
        "segments": [
            [one.file.name, one.lines, len(one.damages), len(one.torn), len(one.unfit)]
            for one in health.segments
        ],
        "holes": [[hole.writer, hole.first, hole.last] for hole in health.holes],
        "lost": [lost["count"] for lost in health.lost],
        "cut": health.cut,
        "masked": health.masked,
        "chained": health.chained,
    }


def said_by(*words):
    done = CliRunner().invoke(command, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout


def command_facts(log):
    """What the command line says."""
    path = FOLDER / log
    runs = json.loads(said_by("ls", path, "--json"))
    shown = [json.loads(said_by("show", run["id"], "--path", path, "--json")) for run in runs]
    newest = said_by("tail", path, "-n", 3, "--jsonl").splitlines()
    doctor = json.loads(said_by("doctor", path, "--json"))
    return {
        "ls": [[run["id"], run["status"]] for run in runs],
        "show": [len(run["steps"]) for run in shown],
        "tail": [[json.loads(line)["seq"], json.loads(line)["ev"]] for line in newest],
        "doctor": [segment["lines"] for segment in doctor["segments"]],
    }


FACTS = {"read": read_facts, "follow": follow_facts, "doctor": doctor_facts, "command": command_facts}


@pytest.mark.parametrize("reader", FACTS)
@pytest.mark.parametrize("log", LOGS)
def test_it_reads_as_it_did(log, reader):
    if needs_zstd[log]:
        pytest.importorskip("backports.zstd")
    assert FACTS[reader](log) == EXPECTED[log][reader]


@pytest.mark.parametrize("log", LOGS)
def test_its_bytes_are_those_that_were_written(log):
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files_of(log)}
    assert found == EXPECTED[log]["files"]


def test_nothing_else_is_in_the_folder():
    assert {path.name for path in FOLDER.iterdir()} == {*LOGS, "expected.json"}


def lines_of(log):
    over = threading.Event()
    over.set()
    for line in steplog.follow(FOLDER / log, last=None, stop=over):
        if isinstance(line, steplog.Line):
            yield line.record


@pytest.mark.parametrize("log", [log for log in LOGS if log != "damage"])
def test_each_line_fits_the_schema(log):
    if needs_zstd[log]:
        pytest.importorskip("backports.zstd")
    validator = Draft202012Validator(schema())
    for record in lines_of(log):
        validator.validate(record)


def markers_in(value):
    if isinstance(value, dict):
        if len(value) == 1:
            yield from value
        for inner in value.values():
            yield from markers_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from markers_in(inner)


def test_every_event_and_every_marker_of_the_format_is_among_them():
    records = [record for log in LOGS if not needs_zstd[log] for record in lines_of(log)]
    assert {record["ev"] for record in records} >= set(event_names())
    assert {name for record in records for name in markers_in(record)} >= MARKERS
    text = json.dumps(records)
    for word in (
        "[masked:",
        '"set":',
        '"like":',
        '"$$m"',
        '"start_lost":',
        '"late_ms":',
        '"implied":',
        '"parent_w":',
    ):
        assert word in text or word.replace(":", ": ") in text, word
