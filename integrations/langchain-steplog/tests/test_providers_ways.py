"""Whichever way a model is asked, the same is recorded of it."""

import pytest
from provider_clients import anthropic, ask, bedrock, google, ollama, openai, responses, told
from provider_server import aws_events, ndjson, sse, whole

MODELS = {f.__name__: f for f in (openai, responses, anthropic, google, bedrock, ollama)}
WHOLE = {
    "openai": whole("openai_chat"),
    "responses": whole("openai_responses"),
    "anthropic": whole("anthropic"),
    "google": whole("google"),
    "bedrock": whole("bedrock", x_amzn_requestid="9ef1e313"),
    "ollama": ndjson("ollama_tool"),
}
STREAM = {
    "openai": sse("openai_chat"),
    "responses": sse("openai_responses"),
    "anthropic": sse("anthropic"),
    "google": sse("google"),
    "bedrock": aws_events("bedrock", x_amzn_requestid="9ef1e313"),
    "ollama": ndjson("ollama"),
}
TOOL_CALLS = {
    "openai": "call_a1",
    "responses": "call_b2",
    "anthropic": "toolu_01T1x1fJ34qAmk2tNTrN7Up6",
    "bedrock": "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q",
}


def both(sink):
    return told(sink, "llm.start"), told(sink, "llm.end")


@pytest.mark.parametrize("name", MODELS)
def test_a_call_and_an_awaited_call_are_told_alike(recorded, provider, name):
    found = []
    for how in ("invoke", "ainvoke"):
        handler, sink = recorded()
        ask(MODELS[name](provider.gives(WHOLE[name])), how, handler)
        found.append(both(sink))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", MODELS)
def test_a_stream_an_async_stream_and_a_stream_of_events_are_told_alike(recorded, provider, name):
    found = []
    for how in ("stream", "astream", "v3"):
        handler, sink = recorded()
        ask(MODELS[name](provider.gives(STREAM[name])), how, handler)
        found.append(both(sink))
    if name == "google":  # LangChain's v3 events lose the details of a sum that comes in parts
        for detail in ("cache_read_tokens", "reasoning_tokens"):
            assert detail not in found[2][1]["usage"]
            found[2][1]["usage"][detail] = found[0][1]["usage"][detail]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", MODELS)
def test_a_tool_call_bears_the_provider_s_own_id_where_it_gives_one(recorded, provider, name):
    handler, sink = recorded()
    ask(MODELS[name](provider.gives(WHOLE[name])), "invoke", handler)
    (end,) = [r for r in sink.records if r["ev"] == "llm.end"]
    (call,) = end["message"]["tool_calls"]
    assert (call["name"], call["args"]) == ("weather", {"city": "Oslo"})
    if name in TOOL_CALLS:
        assert call["id"] == TOOL_CALLS[name]
    else:  # Google's and Ollama's clients make one up
        assert len(call["id"]) == 36
