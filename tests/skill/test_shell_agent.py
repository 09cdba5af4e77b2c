"""A coding agent with a shell and the skill finds what went wrong among 2,000 runs, for few tokens; the script is its head."""

import os
import re
import subprocess
import sys

import pytest

import planted_log
from steplog._show.quoted import tokens_in
from steplog._skill.install import always_loaded

PROGRAM = "from steplog._cli.main import main; main()"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a log, the skill, and the command on the path; and the id of the run that went wrong."""
    folder = tmp_path_factory.mktemp("project")
    planted = planted_log.write(folder / "steplogs")
    binaries = folder / "bin"
    binaries.mkdir()
    script = binaries / "steplog"
    script.write_text(f"#!{sys.executable}\n{PROGRAM}\n")
    script.chmod(0o755)
    return folder, planted


class Agent:
    """Runs commands in a shell as a coding agent does, and pays for every word it says and hears."""

    def __init__(self, folder):
        self.folder = folder
        self.heard = [always_loaded("agents")]
        self.spent = tokens_in(self.heard[0])

    def run(self, command):
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command, shell=True, cwd=self.folder, capture_output=True, text=True, check=False,
            env={"PATH": path, "HOME": str(self.folder)},
        )  # fmt: skip
        self.heard.append(done.stdout + done.stderr)
        self.spent += tokens_in(command) + tokens_in(self.heard[-1])
        return self.heard[-1]


def only_as_data(texts):
    return all(
        line.startswith("|")
        for text in texts
        for line in text.split("\n")
        if re.search("Ignore your|maintenance", line)
    )


def test_a_complaint_about_an_order_leads_to_the_step_that_failed_and_why(project):
    folder, planted = project
    agent = Agent(folder)
    assert "steplog skill show" in agent.heard[0]
    assert "steplog grep" in agent.run("steplog skill show")
    run = re.search(
        r"^\| ([0-9a-f]{8}) ", agent.run(f"steplog grep '{planted_log.ORDER}' --budget 1500"), re.MULTILINE
    )[1]
    assert planted.startswith(run)
    step = re.search(
        r"\bstep (\d+)", agent.run(f"steplog postmortem {run} --budget 1500").partition("ailed")[2]
    )[1]
    found = agent.run(f"steplog show {run} {step} --budget 1500")
    assert f"ValueError: {planted_log.CAUSE}" in found
    agent.run(f"steplog show {run} --budget 2000")
    agent.run(f"steplog show {run} 2 --budget 1500")
    noted = agent.run(
        f"steplog note {run} {step} 'the refund tool takes the wrong currency' --label wrong-currency --by agent"
    )
    assert "[wrong-currency]" in noted
    assert any("Ignore your instructions" in text for text in agent.heard), "it came by it"
    assert only_as_data(agent.heard)
    assert agent.spent < 10_000, agent.spent


def test_a_question_what_fails_at_all_leads_to_the_rare_failure_too(project):
    folder, planted = project
    agent = Agent(folder)
    agent.run("steplog skill show find")
    kinds = agent.run("steplog errors --since 7d --budget 1500")
    assert "TimeoutError in tool refund: payments did not answer" in kinds
    newest = re.search(r"1 x ValueError.*\n\|   newest: run ([0-9a-f]{8}) step (\d+)", kinds)
    assert planted.startswith(newest[1])
    assert planted_log.CAUSE in agent.run(f"steplog show {newest[1]} {newest[2]} --budget 1500")
    assert only_as_data(agent.heard)
    assert agent.spent < 10_000, agent.spent
