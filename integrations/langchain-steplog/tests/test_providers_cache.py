"""What LangChain's own cache answers is told as such, and costs no tokens."""

import pytest
from inline_snapshot import snapshot
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListLLM
from provider_clients import anthropic, ask, bedrock, google, ollama, openai, responses, told
from provider_server import ndjson, whole

MODELS = {
    openai: whole("openai_chat"),
    responses: whole("openai_responses"),
    anthropic: whole("anthropic"),
    google: whole("google"),
    bedrock: whole("bedrock", x_amzn_requestid="9ef1e313"),
    ollama: ndjson("ollama"),
}


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_a_cached_answer_is_marked_and_its_tokens_are_in_no_total(recorded, provider, make, how):
    model = make(provider.gives(MODELS[make]), cache=InMemoryCache())
    first, first_sink = recorded()
    ask(model, how, first)
    second, second_sink = recorded()
    ask(model, how, second)
    assert len(provider.asked) == 1
    asked, cached = told(first_sink, "llm.end"), told(second_sink, "llm.end")
    assert "cached" not in asked
    assert cached == asked | {"cached": True}
    assert "input_tokens" in first.totals
    (model_name,) = second.totals["models"]
    assert second.totals == {"steps": 1, "llm_calls": 1, "models": [model_name]}


def test_of_a_text_model_s_cached_answer_langchain_tells_nothing(recorded):
    model = FakeListLLM(responses=["Rain"], cache=InMemoryCache())
    handler, sink = recorded()
    for _ in range(2):
        ask(model, "invoke", handler)
    assert [r["ev"] for r in sink.records if r["ev"].startswith("llm.")] == snapshot(["llm.start", "llm.end"])
