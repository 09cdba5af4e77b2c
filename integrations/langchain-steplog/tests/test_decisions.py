"""Decision models are paid calls: each is a model call with its tokens, wherever it is made."""

import pytest

decisions = pytest.importorskip(
    "langchain_core.decisions", reason="decision models came with langchain-core 1.8"
)

from langchain_core.decisions.types import ClassifierResponse, Noul, NoulAnswer  # noqa: E402 - after the check
from langchain_core.runnables import RunnableLambda  # noqa: E402 - after the check
from langchain_core.tools import tool  # noqa: E402 - after the check
from lc_agents import AIMessage, ScriptedModel, calls, create_agent  # noqa: E402 - after the check

ASKED = {"state": "delete 3 files", "questions": {"risk": Noul(instructions="Is it risky?")}}
USAGE = {"input_tokens": 31, "output_tokens": 2, "total_tokens": 33}


class Judge(decisions.BaseDecisionModel):
    """Answers every question with the same probability."""

    probability: float = 0.9

    @property
    def _provider(self):
        return "judges-inc"

    def _classify(self, state, questions):
        answers = {name: NoulAnswer(type="noul", noul=self.probability) for name in questions}
        return ClassifierResponse(model=self.model, answers=answers, usage=USAGE, request_id="req_1")


def of_kind(sink, kind):
    return [record for record in sink.records if record["ev"].startswith(f"{kind}.")]


def test_a_decision_is_a_model_call_with_its_tokens(recorded):
    handler, sink = recorded()
    Judge(model="judge-1").invoke(ASKED, {"callbacks": [handler]})
    start, end = of_kind(sink, "llm")
    assert (start["model"], start["provider"]) == ("judge-1", "judges-inc")
    assert start["input"]["state"] == "delete 3 files"
    assert end["usage"] == {"input_tokens": 31, "output_tokens": 2}
    assert end["output"] == {"risk": {"type": "noul", "noul": 0.9}}
    assert end["response_id"] == "req_1"
    totals = sink.records[-1]["totals"]
    assert (totals["llm_calls"], totals["input_tokens"], totals["models"]) == (1, 31, ["judge-1"])


async def test_an_awaited_decision_is_told_alike(recorded):
    handler, sink = recorded()
    await Judge(model="judge-1").ainvoke(ASKED, {"callbacks": [handler]})
    assert of_kind(sink, "llm")[1]["usage"] == {"input_tokens": 31, "output_tokens": 2}


def test_a_chain_that_passes_an_answer_on_counts_it_once(recorded):
    handler, sink = recorded(detail="all")
    chain = RunnableLambda(lambda _: ASKED) | Judge(model="judge-1")
    chain.invoke("x", {"callbacks": [handler]})
    assert sink.records[-1]["totals"]["input_tokens"] == 31
    assert "usage" not in sink.records[-1]


def test_a_decision_that_fails_is_a_model_call_that_failed(recorded):
    class Broken(Judge):
        def _classify(self, state, questions):
            raise ConnectionError("no judge")

    handler, sink = recorded()
    with pytest.raises(ConnectionError):
        Broken(model="judge-1").invoke(ASKED, {"callbacks": [handler]})
    end = of_kind(sink, "llm")[1]
    assert (end["status"], end["error"]["message"]) == ("error", "no judge")


def test_what_a_middleware_decides_is_counted_in_the_agents_run(recorded):
    middleware = pytest.importorskip("langchain.agents.middleware")

    @tool
    def delete_file(path: str) -> str:
        """Delete a file."""
        return "gone"

    handler, sink = recorded()
    model = ScriptedModel(script=[calls("delete_file", "c1", path="a"), AIMessage("I may not.")])
    guard = middleware.AutoModeMiddleware(tools=[delete_file], classifier=Judge(model="judge-1"))
    create_agent(model, [delete_file], middleware=[guard]).invoke(
        {"messages": [("user", "delete a")]}, {"callbacks": [handler]}
    )
    totals = sink.records[-1]["totals"]
    assert totals["llm_calls"] == 3
    assert "judge-1" in totals["models"]
