"""Anthropic's messages API: what is recorded of its answers is what it said."""

from inline_snapshot import snapshot
from provider_clients import anthropic, ask, told, weather
from provider_server import sse, whole


def test_an_answer_counts_cached_tokens_as_input_and_what_was_written_at_any_time_to_live(recorded, provider):
    handler, sink = recorded()
    ask(anthropic(provider.gives(whole("anthropic"))).bind_tools([weather]), "invoke", handler)
    assert told(sink, "llm.start") == snapshot(
        {
            "model": "claude-haiku-4-5",
            "provider": "anthropic",
            "params": {"temperature": 0.2, "max_tokens": 100},
            "tools": ["weather"],
        }
    )
    assert told(sink, "llm.end") == snapshot(
        {
            "message": 'I will look. weather({"city": "Oslo"})',
            "usage": {
                "input_tokens": 2060,
                "output_tokens": 95,
                "cache_read_tokens": 1800,
                "cache_write_tokens": 248,
                "cache_write_5m_tokens": 148,
                "cache_write_1h_tokens": 100,
            },
            "finish_reason": "tool_use",
            "model": "claude-haiku-4-5-20251001",
            "response_id": "msg_013Zva2CMHLNnXjNJJKqJ2EF",
        }
    )
    assert handler.totals == snapshot(
        {
            "steps": 1,
            "llm_calls": 1,
            "input_tokens": 2060,
            "output_tokens": 95,
            "cache_write_5m_tokens": 148,
            "cache_write_1h_tokens": 100,
            "cache_read_tokens": 1800,
            "cache_write_tokens": 248,
            "models": ["claude-haiku-4-5-20251001"],
        }
    )


def test_a_stream_has_all_but_the_id_that_its_client_drops(recorded, provider):
    handler, sink = recorded()
    ask(anthropic(provider.gives(sse("anthropic"))), "stream", handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "usage": {"input_tokens": 1812, "output_tokens": 15, "cache_read_tokens": 1800},
            "finish_reason": "end_turn",
            "model": "claude-haiku-4-5-20251001",
        }
    )


def test_input_tokens_that_a_proxy_leaves_out_of_a_stream_are_unknown_and_not_zero(recorded, provider):
    handler, sink = recorded()
    reply = sse("anthropic")
    last = b'"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":1800,'
    reply.parts = [
        part.replace(last + b'"output_tokens":15', b'"usage":{"output_tokens":15') for part in reply.parts
    ]
    ask(anthropic(provider.gives(reply)), "stream", handler)
    assert told(sink, "llm.end")["usage"] == snapshot({"output_tokens": 15})


def test_thinking_and_stop_sequences_are_among_the_parameters(recorded, provider):
    handler, sink = recorded()
    thinking = {"type": "enabled", "budget_tokens": 1024}
    model = anthropic(
        provider.gives(whole("anthropic")), temperature=None, max_tokens=2048, thinking=thinking
    )
    ask(model.bind(stop=["END"]), "invoke", handler)
    assert told(sink, "llm.start")["params"] == snapshot(
        {"max_tokens": 2048, "stop": ["END"], "thinking": {"type": "enabled", "budget_tokens": 1024}}
    )
