"""Recording every run of the process without passing anything."""

from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import context
from lc_agents import five_step_agent

import langchain_steplog
from steplog import read


def test_every_run_is_recorded_after_activate_and_none_after_deactivate(tmp_path):
    hooks = list(context._configure_hooks)
    handler = langchain_steplog.activate(tmp_path / "logs")
    assert langchain_steplog.activate(tmp_path / "elsewhere") is handler
    five_step_agent()[0].invoke({"messages": [("user", "go")]})
    langchain_steplog.deactivate()
    langchain_steplog.deactivate()
    five_step_agent()[0].invoke({"messages": [("user", "go")]})
    assert context._configure_hooks == hooks
    (run,) = read(tmp_path / "logs").runs
    assert (run.name, run.status, len(run.steps)) == ("five", "ok", 10)
    assert not (tmp_path / "elsewhere").exists()


def test_activation_reaches_threads_that_were_there_before(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        langchain_steplog.activate(tmp_path / "logs")
        pool.submit(RunnableLambda(str).invoke, 1).result()
    langchain_steplog.deactivate()
    assert [run.name for run in read(tmp_path / "logs").runs] == ["str"]


def test_a_passed_handler_writes_instead_of_the_active_one(activated, recorded):
    handler, sink = recorded()
    RunnableLambda(str).invoke(1, {"callbacks": [handler]})
    assert [r["ev"] for r in sink.records if "run" in r] == ["run.start", "run.end"]
    assert not activated[1].exists()


def test_a_reload_of_langchains_module_does_not_end_the_recording(tmp_path):
    import importlib

    handler = langchain_steplog.activate(tmp_path / "logs")
    importlib.reload(context)
    assert langchain_steplog.activate() is handler
    RunnableLambda(str).invoke(1)
    langchain_steplog.deactivate()
    assert len(read(tmp_path / "logs").runs) == 1
