"""The README tells the truth: its programs run, its commands and settings are those there are."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

import steplog

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
PROGRAMS = [code for language, code in BLOCKS if language == "python"]


def cli(*words, cwd):
    program = "from steplog._cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_program_without_a_framework_records_and_the_reader_reads_it(tmp_path):
    writes = next(code for code in PROGRAMS if "steplog.Recorder(" in code)
    reads = next(code for code in PROGRAMS if "steplog.read(" in code)
    done = subprocess.run(
        [sys.executable, "-c", writes + reads], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'llm_calls': 1" in done.stdout
    assert "1 llm my-model ok" in done.stdout


@pytest.mark.parametrize("code", PROGRAMS, ids=lambda code: code.strip().splitlines()[-1][:40])
def test_every_program_is_python(code):
    compile(code, "README.md", "exec")


def test_every_command_there_is_stands_in_the_table_and_the_other_way_round(tmp_path):
    listed = re.findall(
        r"^  (\w+)  ", cli("--help", cwd=tmp_path).stdout.partition("Commands:")[2], re.MULTILINE
    )
    named = set(re.findall(r"`steplog ([a-z]+)", README))
    assert named == set(listed)


def test_every_setting_stands_in_the_table():
    names = {field.name for field in dataclasses.fields(steplog.Settings)}
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    told = set(
        re.findall(
            r"`(\w+)`", " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
        )
    )
    assert told == names


def test_the_links_lead_to_files():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
