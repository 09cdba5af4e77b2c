"""Each example runs, the same with and without recording, and its log has every step."""

import subprocess
import sys
from pathlib import Path

import pytest

from steplog import read

EXAMPLES = Path(__file__).parents[2] / "examples"
STEPLOG = [sys.executable, "-c", "from steplog._cli.main import main; main()"]


def run(*words, cwd):
    return subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, check=False)


@pytest.mark.parametrize("name", sorted(p.name for p in EXAMPLES.glob("*.py")))
def test_an_example_does_not_know_of_steplog_and_says_the_same_with_it(tmp_path, name):
    assert "import steplog" not in (EXAMPLES / name).read_text(encoding="utf-8")
    plain = run(sys.executable, EXAMPLES / name, cwd=tmp_path)
    recorded = run(*STEPLOG, "run", EXAMPLES / name, cwd=tmp_path)
    assert plain.returncode == 0, plain.stderr.decode()
    assert (recorded.returncode, recorded.stdout, recorded.stderr) == (0, plain.stdout, plain.stderr)
    log = read(tmp_path / "steplogs")
    assert log.runs
    assert {run.status for run in log.runs} == {"ok"}
    assert log.bad == ()
    assert all(not step.open for run in log.runs for step in run.steps)


def test_the_five_step_agent_is_told_whole(tmp_path):
    run(*STEPLOG, "run", EXAMPLES / "research_agent.py", cwd=tmp_path)
    (found,) = read(tmp_path / "steplogs").runs
    told = [(s.kind, s.name, s.parent.number if s.parent else None) for s in found.steps]
    assert told == [
        ("node", "model", None),
        ("llm", "notes-model-1", 1),
        ("node", "tools", None),
        ("tool", "search_notes", 3),
        ("node", "model", None),
        ("llm", "notes-model-1", 5),
        ("node", "tools", None),
        ("tool", "calculate", 7),
        ("node", "model", None),
        ("llm", "notes-model-1", 9),
    ]
    assert [s.usage for s in found.steps if s.kind == "llm"] == [
        {"input_tokens": 14, "output_tokens": 5},
        {"input_tokens": 46, "output_tokens": 5},
        {"input_tokens": 47, "output_tokens": 3},
    ]
    assert found.totals["input_tokens"] == 107
    shown = run(*STEPLOG, "show", "@last", cwd=tmp_path).stdout.decode()
    assert "calculate  " in shown
    assert '{"expression": "2850 / 45"} → 63.3333' in shown
    assert f"log: {found.file}" in shown or "log: " in shown.splitlines()[-1]
