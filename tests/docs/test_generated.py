"""What is generated of the docs is what the code says now; what the docs name is there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from steplog._cli.main import _COMMANDS
from steplog._cli.main import steplog as cli

sys.path.insert(0, str(Path(__file__).parent))
from blocks import ROOT, pages

DOCS = ROOT / "docs"
spec = importlib.util.spec_from_file_location("make_docs", DOCS / "make.py")
assert spec is not None
assert spec.loader is not None
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)


@pytest.mark.parametrize("name", make.GENERATED)
def test_a_generated_page_is_what_the_code_says(name):
    if name == "reference/python.md":
        pytest.importorskip("llama_index.core")
    # In a process of its own: commands remember how they were called by other tests.
    program = f"import sys, make; sys.stdout.buffer.write(make.GENERATED[{name!r}]().encode())"
    done = subprocess.run([sys.executable, "-c", program], cwd=DOCS, capture_output=True, check=True)
    assert (DOCS / name).read_text(encoding="utf-8") == done.stdout.decode(), "python docs/make.py"


def test_every_page_stands_in_the_navigation():
    listed = {page for _, inside in make.navigation() for _, page in inside}
    assert listed == {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}


def called(text):
    """Each `steplog COMMAND …` of a page's code, up to the end of the command."""
    code = re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
    for piece in code:
        for words in re.findall(r"(?:^|[\s;(/])steplog ([a-z]+\b[^\n|;&#>]*)", piece):
            yield words.split()


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_options_that_are_named_are_there(page):
    for command, *words in called(page.read_text(encoding="utf-8")):
        assert command in _COMMANDS, f"steplog {command}"
        if command in ("run", "try"):
            continue
        found = cli.get_command(click.Context(cli), command)
        options = {name for one in found.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
        for word in words:
            if re.fullmatch(r"--[a-z-]+(=.*)?|-[a-z]", word):
                assert word.partition("=")[0] in options, f"steplog {command} {word}"
