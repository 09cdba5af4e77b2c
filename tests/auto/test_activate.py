"""`steplog.activate()`: one line in a program, before or after a framework's import, and no trace once it is off."""

from __future__ import annotations

import json

import pytest

LANGCHAIN = "from langchain_core.runnables import RunnableLambda"
RUN_LANGCHAIN = "RunnableLambda(lambda n: n + 1).invoke(1)"
WORKFLOW = """
import asyncio
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent
class Add(Workflow):
    @step
    async def add(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.n + 1)
"""
RUN_WORKFLOW = "\nasync def once():\n    await Add().run(n=1)\nasyncio.run(once())"
FRAMEWORKS = {
    "LangChain": ("langchain_core", LANGCHAIN, RUN_LANGCHAIN),
    "workflows": ("workflows", WORKFLOW, RUN_WORKFLOW),
}


@pytest.fixture(params=FRAMEWORKS)
def framework(request):
    module, importing, running = FRAMEWORKS[request.param]
    pytest.importorskip(module, reason=f"{request.param} is not installed")
    if request.param == "workflows":
        pytest.importorskip("llama_index.observability.steplog", reason="its adapter is not installed")
    return importing, running


def test_a_framework_imported_afterwards_is_recorded_from_its_first_run(desk, framework):
    importing, running = framework
    done = desk.python("-c", f"import steplog; steplog.activate('logs')\n{importing}\n{running}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


def test_a_framework_imported_and_used_before_is_recorded_from_then_on(desk, framework):
    importing, running = framework
    done = desk.python("-c", f"{importing}\n{running}\nimport steplog; steplog.activate('logs')\n{running}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


def test_a_second_call_changes_nothing(desk, framework):
    importing, running = framework
    twice = "import steplog; steplog.activate('logs'); steplog.activate('logs'); steplog.activate()"
    done = desk.python("-c", f"{importing}\n{twice}\n{running}")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


def test_a_second_call_that_asks_for_something_else_says_that_it_changes_nothing(desk):
    done = desk.python(
        "-c", "import steplog; steplog.activate('logs'); steplog.activate('others', content='none')"
    )
    said = f"steplog: recording to {desk.folder}/logs already; activate() again changes nothing\n"
    assert done.stderr.decode() == said


def test_after_deactivate_nothing_is_recorded_and_after_another_activate_it_is(desk, framework):
    importing, running = framework
    program = f"""
import steplog
{importing}
steplog.activate('logs')
{running}
steplog.deactivate()
steplog.deactivate()
{running}
steplog.activate('again')
{running}
"""
    done = desk.python("-c", program)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "logs").values()) == [1]
    assert list(desk.runs(desk.folder / "again").values()) == [1]


TRACE = """
import gc, json, sys
def trace():
    from langchain_core.tracers import context
    found = {"hooks": len(context._configure_hooks), "meta_path": len(sys.meta_path)}
    found["listeners"] = sum("exec_module" in vars(m.__spec__.loader) for m in tuple(sys.modules.values())
        if getattr(getattr(m, "__spec__", None), "loader", None) is not None and hasattr(m.__spec__.loader, "__dict__")
        and not isinstance(m.__spec__.loader, type))
    graph = sys.modules.get("langgraph.callbacks")
    found["langgraph"] = graph and graph._init_base_manager.__module__
    li = sys.modules.get("llama_index_instrumentation")
    if li:
        root = li.root_dispatcher
        found["handlers"] = [len(root.event_handlers), len(root.span_handlers)]
    return found
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_deactivate_leaves_no_trace_in_the_frameworks(desk, when):
    pytest.importorskip("workflows")
    frameworks = f"{LANGCHAIN}\nimport langgraph.graph\n{WORKFLOW}"
    on = "import steplog; steplog.activate('logs')"
    first, second = (on, frameworks) if when == "before" else (frameworks, on)
    before = desk.python("-c", f"{TRACE}\n{frameworks}\nprint(json.dumps(trace()))")
    after = desk.python(
        "-c",
        f"{TRACE}\n{first}\n{second}\n{RUN_LANGCHAIN}\n{RUN_WORKFLOW}\nwith_us = trace()\nsteplog.deactivate()\n"
        "print(json.dumps(trace())); assert with_us != trace()",
    )
    assert (after.returncode, after.stderr) == (0, b"")
    assert json.loads(after.stdout) == json.loads(before.stdout)


def test_settings_hold_wherever_the_program_goes_before_it_imports_the_framework(desk):
    desk.write("elsewhere/pyproject.toml", "[tool.steplog]\ncontent = 'full'\npath = 'wrong'")
    desk.write("pyproject.toml", "[tool.steplog]\ncontent = 'none'\npath = 'right'")
    program = f"import steplog, os; steplog.activate(); os.chdir('elsewhere')\n{LANGCHAIN}\n{RUN_LANGCHAIN}"
    assert desk.python("-c", program).returncode == 0
    [segment] = (desk.folder / "right").iterdir()
    assert json.loads(segment.read_text().splitlines()[0])["content"] == "none"


def test_a_bad_argument_raises_and_a_bad_variable_costs_one_line(desk):
    bad = desk.python("-c", "import steplog; steplog.activate(content='some')")
    assert bad.returncode == 1
    assert b"content='some': allowed are full, preview, none" in bad.stderr
    program = f"import steplog; steplog.activate('logs')\n{LANGCHAIN}\n{RUN_LANGCHAIN}"
    warned = desk.python("-c", program, STEPLOG_CONTENT="some", STEPLOG_DETIAL="all")
    assert warned.returncode == 0
    assert warned.stderr.count(b"\n") == 1
    assert b"STEPLOG_CONTENT" in warned.stderr
    assert b"STEPLOG_DETIAL" in warned.stderr
    assert list(desk.runs(desk.folder / "logs").values()) == [1]


def test_under_steplog_run_the_one_who_started_the_program_says_where(desk):
    desk.write("agent.py", f"import steplog; steplog.activate('mine')\n{LANGCHAIN}\n{RUN_LANGCHAIN}")
    done = desk.steplog_run("--path", "theirs", "agent.py")
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(desk.runs(desk.folder / "theirs").values()) == [1]
    assert not (desk.folder / "mine").exists()


def test_it_imports_no_framework_and_no_reader(desk):
    modules = "import steplog, sys; steplog.activate('logs'); print(*sys.modules)"
    loaded = set(desk.python("-c", modules).stdout.decode().split())
    assert not {"langchain_core", "llama_index_instrumentation", "steplog._read", "click", "rich"} & loaded
