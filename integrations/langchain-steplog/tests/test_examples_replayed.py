"""The example agents of both frameworks, recorded, then played again with no call of a model: the same results, the same run."""

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import steplog
from langchain_steplog import ReplayModel
from steplog._cli.main import steplog as cli
from steplog.testing import PromptChanged

EXAMPLES = Path(__file__).parents[3] / "examples"


def example(name):
    """The example program as a module of its own."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # pydantic looks its models' module up there
    spec.loader.exec_module(module)
    return module


def compared(log):
    return CliRunner().invoke(cli, ["diff", "@-2", "@last", str(log)])


def forbidden(*_, **__):
    raise AssertionError("the model was called")


def test_the_agent_of_langchain(tmp_path, monkeypatch):
    from langchain.agents import create_agent

    program = example("research_agent")

    def ask(model, question="How many days does a rowing crew need for the length of the Danube?"):
        agent = create_agent(model, [program.search_notes, program.calculate], name="research")
        return agent.invoke({"messages": [("user", question)]})["messages"][-1].content

    with steplog.recording(tmp_path / "logs") as rec:
        answer = ask(program.NotesModel())
        monkeypatch.setattr(program.NotesModel, "_generate", forbidden)
        assert ask(ReplayModel(rec.runs[0])) == answer == "About 63 days."
        run = rec.runs[0]
        with pytest.raises(PromptChanged, match=r"message 1 \(user\) was .*Danube.*, and is .*Rhine"):
            ask(ReplayModel(run), "How many days does a rowing crew need for the length of the Rhine?")
    assert [r.status for r in steplog.read(tmp_path / "logs").runs] == ["ok", "ok", "error"]
    said = CliRunner().invoke(cli, ["diff", rec.runs[0].id, rec.runs[1].id, str(tmp_path / "logs")])
    assert said.exit_code == 0, said.output


def test_the_workflow_of_llama_index(tmp_path, monkeypatch):
    pytest.importorskip("llama_index.core")
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex

    from llama_index.observability.steplog import ReplayLLM

    program = example("rag_workflow")
    documents = SimpleDirectoryReader(str(program.DOCUMENTS)).load_data()
    index = VectorStoreIndex.from_documents(documents, embed_model=program.WordCounts())

    async def ask(model, question="When are the tides largest?"):
        return str(await program.Ask(index, model).run(question=question))

    with steplog.recording(tmp_path / "logs") as rec:
        answer = asyncio.run(ask(program.QuotingModel()))
        monkeypatch.setattr(program.QuotingModel, "complete", forbidden)
        run = rec.runs[-1]
        assert asyncio.run(ask(ReplayLLM(run))) == answer
        said = compared(tmp_path / "logs")
        assert said.exit_code == 0, said.output
        with pytest.raises(Exception, match=r"message 1 \(user\) was .*, and is .*") as failed:
            asyncio.run(ask(ReplayLLM(run), "How high is the lighthouse?"))
    chain = [failed.value, failed.value.__cause__, failed.value.__context__]
    assert any(isinstance(error, PromptChanged) for error in chain)
