"""Programs recorded without a change to them, with all of LlamaIndex or with its workflows alone; the old callbacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from li_models import Scripted, tree

ROOT = Path(__file__).parents[3]
STEPLOG = str(Path(sys.executable).parent / "steplog")
EXAMPLE = ROOT / "examples" / "rag_workflow.py"
WORKFLOW = """
import asyncio
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent

class Upper(Workflow):
    @step
    async def shout(self, ev: StartEvent) -> StopEvent:
        return StopEvent(result=ev.text.upper())

async def main():
    print(await Upper().run(text="tea"))

asyncio.run(main())
import sys
assert not any(name.startswith("llama_index.core") for name in sys.modules)
"""


def launched(path, *arguments):
    command = [STEPLOG, "run", "--path", str(path), "--", sys.executable, *arguments]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STEPLOG")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_the_example_is_recorded_without_a_change_to_it(tmp_path):
    import steplog

    plain = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=True)
    done = launched(tmp_path / "log", str(EXAMPLE))
    assert (done.returncode, done.stdout, done.stderr) == (0, plain.stdout, plain.stderr)
    assert "steplog" not in EXAMPLE.read_text().replace("nothing of steplog in it", "")
    run = steplog.read(tmp_path / "log").run("@last")
    assert tree(run) == [
        "node retrieve",
        "  retriever VectorIndexRetriever",
        "    embedding word-counts-256",
        "node answer",
        "  node CompactAndRefine.asynthesize",
        "    llm quoting-1",
    ]
    assert "spring tides" in run.steps[5].prompt[0]["content"]
    assert all(d["score"] > 0 for d in run.steps[1].field("documents"))
    shown = subprocess.run(
        [STEPLOG, "show", "@last", "--path", str(tmp_path / "log")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "retriever VectorIndexRetriever" in shown
    assert "CompactAndRefine.asynthesize" in shown


def test_workflows_alone_are_recorded_and_nothing_more_of_llama_index_is_imported(tmp_path):
    import steplog

    program = tmp_path / "program.py"
    program.write_text(WORKFLOW)
    done = launched(tmp_path / "log", str(program))
    assert (done.returncode, done.stdout, done.stderr) == (0, "TEA\n", "")
    run = steplog.read(tmp_path / "log").run("@last")
    assert (run.name, run.framework, run.output, tree(run)) == (
        "Upper",
        "llama-index-workflows",
        "TEA",
        ["node shout"],
    )


def test_the_legacy_handler_tells_model_calls_and_queries(tmp_path, monkeypatch):
    from llama_index.core import Document, MockEmbedding, Settings, VectorStoreIndex
    from llama_index.core.callbacks import CallbackManager

    import steplog
    from llama_index.observability.steplog import StepLogCallbackHandler

    handler = StepLogCallbackHandler(tmp_path / "log")
    manager = CallbackManager([handler])
    monkeypatch.setattr(Settings, "_callback_manager", manager)
    embedding = MockEmbedding(embed_dim=4, callback_manager=manager)
    index = VectorStoreIndex.from_documents(
        [Document(text="text")], embed_model=embedding, callback_manager=manager
    )
    engine = index.as_query_engine(llm=Scripted(script=["42"], callback_manager=manager))
    assert str(engine.query("What?")) == "42"
    handler.close()
    run = steplog.read(tmp_path / "log").run("@last")
    kinds = [step.kind for step in run.steps]
    assert {"retriever", "embedding", "node", "llm"} <= set(kinds)
    llm = next(step for step in run.steps if step.kind == "llm")
    assert llm.message["content"] == "42"


def test_the_legacy_handler_refuses_beside_the_instrumentation_and_says_why(recorded):
    from llama_index.observability.steplog import StepLogCallbackHandler

    with pytest.raises(RuntimeError, match="records LlamaIndex by its instrumentation already"):
        StepLogCallbackHandler(recorded.path)
