"""The README fits on a screen or two, and what it promises of commands and settings is in the docs."""

import dataclasses
import re
from pathlib import Path

import steplog
from steplog._cli.main import _COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"


def test_the_commands_that_set_up_and_test_are_marked():
    for mark, command in (("main", "examples/research_agent.py"), ("test", "sh tests/all.sh")):
        block = re.search(rf"<!-- {mark} command -->\n```sh\n(.*?)```", README, re.DOTALL)
        assert block is not None
        assert command in block[1]
        assert len(block[1].splitlines()) == 1


def test_every_command_there_is_stands_in_the_reference_and_those_of_the_readme_are_there():
    table = set(
        re.findall(
            r"^\| \[`steplog (\w+)`\]", (DOCS / "reference" / "commands.md").read_text("utf-8"), re.MULTILINE
        )
    )
    assert table == set(_COMMANDS)
    assert set(re.findall(r"`steplog ([a-z]+)", README)) <= set(_COMMANDS)


def test_every_setting_stands_in_the_table():
    names = {field.name for field in dataclasses.fields(steplog.Settings)}
    table = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    told = set(
        re.findall(
            r"`(\w+)`", " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
        )
    )
    assert told == names


def test_the_readme_is_short():
    without_output = re.sub(r"^```\w*\n.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
    assert len(without_output.splitlines()) < 100
