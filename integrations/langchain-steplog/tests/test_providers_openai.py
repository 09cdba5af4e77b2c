"""OpenAI's chat and Responses APIs: what is recorded of their answers is what they said."""

from inline_snapshot import snapshot
from provider_clients import ask, openai, responses, told, weather
from provider_server import sse, whole


def test_a_chat_answer_has_model_usage_reason_and_id(recorded, provider):
    handler, sink = recorded()
    ask(openai(provider.gives(whole("openai_chat"))).bind_tools([weather]), "invoke", handler)
    assert told(sink, "llm.start") == snapshot(
        {
            "model": "gpt-4o-mini",
            "provider": "openai",
            "params": {"temperature": 0.2, "max_completion_tokens": 100},
            "tools": ["weather"],
        }
    )
    assert told(sink, "llm.end") == snapshot(
        {
            "message": 'weather({"city": "Oslo"})',
            "usage": {
                "input_tokens": 1117,
                "output_tokens": 46,
                "cache_read_tokens": 1024,
                "reasoning_tokens": 32,
            },
            "finish_reason": "tool_calls",
            "model": "gpt-4o-mini-2024-07-18",
            "extra": {"system_fingerprint": "fp_fc9f1d7035", "service_tier": "default"},
            "response_id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        }
    )


def test_a_chat_stream_has_all_but_the_id_that_its_client_drops(recorded, provider):
    handler, sink = recorded()
    ask(openai(provider.gives(sse("openai_chat")), stream_usage=True), "stream", handler)
    assert provider.asked[0][1]["stream_options"] == {"include_usage": True}
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "usage": {
                "input_tokens": 1117,
                "output_tokens": 46,
                "cache_read_tokens": 1024,
                "reasoning_tokens": 32,
            },
            "finish_reason": "stop",
            "model": "gpt-4o-mini-2024-07-18",
            "extra": {"system_fingerprint": "fp_fc9f1d7035", "service_tier": "default"},
        }
    )


def test_a_chat_stream_without_usage_has_none_rather_than_zeros(recorded, provider):
    handler, sink = recorded()
    reply = sse("openai_chat")
    ask(openai(provider.gives(reply.until(4, reply.parts[-1]))), "stream", handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "finish_reason": "stop",
            "model": "gpt-4o-mini-2024-07-18",
            "extra": {"system_fingerprint": "fp_fc9f1d7035", "service_tier": "default"},
        }
    )
    assert "input_tokens" not in handler.totals


def test_a_finish_reason_that_a_proxy_repeats_is_told_once(recorded, provider):
    handler, sink = recorded()
    reply = sse("openai_chat")
    ask(openai(provider.gives(reply.until(4, reply.parts[3], reply.parts[-1]))), "stream", handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "finish_reason": "stop",
            "model": "gpt-4o-mini-2024-07-18",
            "extra": {"system_fingerprint": "fp_fc9f1d7035", "service_tier": "default"},
        }
    )


def test_tokens_of_a_service_tier_are_the_same_tokens(recorded, provider):
    handler, sink = recorded()
    reply = whole("openai_chat")
    reply.parts = [reply.parts[0].replace(b'"service_tier": "default"', b'"service_tier": "flex"')]
    ask(openai(provider.gives(reply), service_tier="flex"), "invoke", handler)
    assert told(sink, "llm.start")["params"] == snapshot(
        {"temperature": 0.2, "max_completion_tokens": 100, "service_tier": "flex"}
    )
    assert told(sink, "llm.end")["usage"] == snapshot(
        {"input_tokens": 1117, "output_tokens": 46, "cache_read_tokens": 1024, "reasoning_tokens": 32}
    )


def test_a_responses_answer_has_model_usage_reason_and_id(recorded, provider):
    handler, sink = recorded()
    ask(responses(provider.gives(whole("openai_responses"))).bind_tools([weather]), "invoke", handler)
    assert told(sink, "llm.start") == snapshot(
        {
            "model": "o4-mini",
            "provider": "openai",
            "params": {"max_completion_tokens": 100, "reasoning": {"effort": "low"}},
            "tools": ["weather"],
        }
    )
    assert told(sink, "llm.end") == snapshot(
        {
            "message": 'weather({"city": "Oslo"})',
            "usage": {
                "input_tokens": 328,
                "output_tokens": 52,
                "cache_read_tokens": 128,
                "reasoning_tokens": 40,
            },
            "finish_reason": "completed",
            "model": "o4-mini-2025-04-16",
            "extra": {"service_tier": "default"},
            "response_id": "resp_67ccd3a9da748190baa7f1570fe91ac604becb25c45c1d41",
        }
    )


def test_an_incomplete_responses_stream_says_why_and_keeps_its_id(recorded, provider):
    handler, sink = recorded()
    ask(responses(provider.gives(sse("openai_responses")), max_tokens=20), "stream", handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "usage": {"input_tokens": 37, "output_tokens": 20, "reasoning_tokens": 12},
            "finish_reason": "max_output_tokens",
            "model": "o4-mini-2025-04-16",
            "response_id": "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654",
        }
    )
