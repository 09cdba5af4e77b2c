"""kill -9 inside the third tool call: every finished step is there, and the tool that was running is named."""

import signal
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from steplog import read
from steplog._cli.main import steplog as cli

PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
from lc_agents import AIMessage, ScriptedModel, calls, create_agent
from langchain_core.tools import tool
from langchain_steplog import StepLogHandler

done = []

@tool
def visit(page: str) -> str:
    "Visit a page; the third never answers."
    if len(done) == 2:
        print("in the third call", flush=True)
        sys.stdin.read()
    done.append(page)
    return "seen " + page

script = [calls("visit", f"call_{{i}}", page=f"page-{{i}}") for i in range(1, 4)] + [AIMessage("done")]
agent = create_agent(ScriptedModel(script=script), [visit], name="visitor")
agent.invoke({{"messages": [("user", "go")]}}, {{"callbacks": [StepLogHandler({logs!r})]}})
"""


def test_a_killed_agent_leaves_every_finished_step_and_names_the_one_in_flight(tmp_path):
    program = PROGRAM.format(tests=str(Path(__file__).parent), logs=str(tmp_path / "logs"))
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"in the third call\n"
    assert read(tmp_path / "logs").runs[0].status == "running"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    run = read(tmp_path / "logs").runs[0]
    assert run.status == "crashed"
    finished = [(s.kind, s.status) for s in run.steps if not s.open]
    assert finished == [("node", "ok"), ("llm", "ok"), ("node", "ok"), ("tool", "ok")] * 2 + [
        ("node", "ok"),
        ("llm", "ok"),
    ]
    in_flight = run.in_flight[-1]
    assert (in_flight.kind, in_flight.name, in_flight.fields["args"]) == ("tool", "visit", {"page": "page-3"})
    shown = CliRunner().invoke(cli, ["show", "@last", "--path", str(tmp_path / "logs")])
    assert shown.exit_code == 0
    assert "crashed" in shown.output
    assert (
        '12 tool visit args {"page": "page-3"}'
        in shown.output.split("still running when the process died:")[1]
    )
