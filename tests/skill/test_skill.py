"""The skill stands where each coding agent looks for it, costs little, and every command in it works."""

import os
import re
import subprocess
import sys

import pytest

import steplog
from steplog._show.quoted import tokens_in
from steplog._skill.install import TARGETS, TOPICS, always_loaded, topic

PROGRAM = "from steplog._cli.main import main; main()"


def cli(*words, cwd):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", TARGETS)
def test_under_200_tokens_are_always_loaded(target):
    assert tokens_in(always_loaded(target)) < 200


def test_the_details_are_short_too():
    assert tokens_in(topic()) < 900
    assert all(tokens_in(topic(name)) < 700 for name in TOPICS)


def test_each_agent_finds_its_files(tmp_path):
    done = cli("skill", "install", *[word for target in TARGETS for word in ("--for", target)], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for place in (".claude", ".agents"):
        text = (tmp_path / place / "skills/steplog/SKILL.md").read_text()
        assert re.match(r"---\nname: steplog\ndescription: [^\n:]+: [^\n]+\n---\n", text)
        assert {file.stem for file in (tmp_path / place / "skills/steplog/references").iterdir()} == {*TOPICS}
    assert (tmp_path / ".cursor/rules/steplog.mdc").read_text().startswith("---\ndescription: Read the logs")
    assert "steplog skill show" in (tmp_path / "AGENTS.md").read_text()


def test_without_a_word_it_goes_where_the_project_shows_traces(tmp_path):
    (tmp_path / ".claude").mkdir()
    assert ".claude" in cli("skill", "install", cwd=tmp_path).stdout
    assert not (tmp_path / "AGENTS.md").exists()
    (tmp_path / "plain").mkdir()
    assert cli("skill", "install", "--dir", "plain", cwd=tmp_path).stdout == f"plain{os.sep}AGENTS.md\n"


def test_what_others_wrote_stays(tmp_path):
    (tmp_path / "AGENTS.md").write_text("# Ours\n\nBe kind.\n")
    for _ in range(2):
        assert cli("skill", "install", cwd=tmp_path).returncode == 0
    text = (tmp_path / "AGENTS.md").read_text()
    assert text.startswith("# Ours\n\nBe kind.\n\n<!-- steplog")
    assert text.count("## Logs of this project") == 1
    (tmp_path / ".cursor/rules").mkdir(parents=True)
    (tmp_path / ".cursor/rules/steplog.mdc").write_text("mine")
    done = cli("skill", "install", "--for", "cursor", cwd=tmp_path)
    assert done.returncode == 2
    assert "was not written by steplog" in done.stderr
    assert (tmp_path / ".cursor/rules/steplog.mdc").read_text() == "mine"


def commands():
    for name in ("skill", *TOPICS):
        yield from re.findall(r"`(steplog [a-z][^`]*)`", topic(name))


def test_every_command_in_it_works_as_it_stands_there(tmp_path):
    with steplog.Recorder(tmp_path / "steplogs") as recorder:
        for prompt in ("one", "two"):
            try:
                with (
                    recorder.run("support") as run,
                    run.llm("m", [{"role": "system", "content": prompt}]) as call,
                ):
                    call.set(message="exact phrase words of the answer")
                    raise ValueError("no")
            except ValueError:
                pass
    (tmp_path / "tests").mkdir()
    binaries = tmp_path / "bin"
    binaries.mkdir()
    script = binaries / "steplog"
    script.write_text(f"#!{sys.executable}\n{PROGRAM}\n")
    script.chmod(0o755)
    found = list(commands())
    assert len(found) > 25
    for command in found:
        words = re.sub(r"\b(RUN|GOOD|BAD)\b", "@last", command).replace("STEP", "1").replace("LABEL", "x")
        words = words.replace("YOUR-NAME", "me").replace("NAME", "me").replace("SELECT …", "SELECT 1")
        done = subprocess.run(
            words, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False,
            env={"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)},
        )  # fmt: skip
        assert done.returncode in (0, 1), (command, done.stderr)
