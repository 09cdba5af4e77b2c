"""Ollama's chat API: what is recorded of its answers is what it said."""

import pytest
from inline_snapshot import snapshot
from provider_clients import ask, ollama, told, weather
from provider_server import ndjson


def test_an_answer_has_model_usage_and_reason(recorded, provider):
    handler, sink = recorded()
    ask(ollama(provider.gives(ndjson("ollama_tool"))).bind_tools([weather]), "invoke", handler)
    assert told(sink, "llm.start") == snapshot(
        {"model": "llama3.2:3b", "provider": "ollama", "params": {"temperature": 0.2}, "tools": ["weather"]}
    )
    assert told(sink, "llm.end") == snapshot(
        {
            "message": 'weather({"city": "Oslo"})',
            "usage": {"input_tokens": 169, "output_tokens": 15},
            "finish_reason": "stop",
        }
    )


@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_its_client_streams_whether_asked_to_or_not(recorded, provider, how):
    handler, sink = recorded(detail="all")
    ask(ollama(provider.gives(ndjson("ollama"))), how, handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "usage": {"input_tokens": 169, "output_tokens": 15},
            "finish_reason": "stop",
        }
    )
    assert [r for r in sink.records if r["ev"] == "llm.first_token"]
