"""Google's Gemini API: what is recorded of its answers is what it said."""

from inline_snapshot import snapshot
from provider_clients import ask, google, told, weather
from provider_server import sse, whole


def test_an_answer_counts_thoughts_as_output_and_cached_tokens_as_input(recorded, provider):
    handler, sink = recorded()
    ask(google(provider.gives(whole("google"))).bind_tools([weather]), "invoke", handler)
    assert told(sink, "llm.start") == snapshot(
        {
            "model": "gemini-2.5-flash",
            "provider": "google_genai",
            "params": {"temperature": 0.2, "max_output_tokens": 100, "n": 1},
            "tools": ["weather"],
        }
    )
    assert told(sink, "llm.end") == snapshot(
        {
            "message": 'weather({"city": "Oslo"})',
            "usage": {
                "input_tokens": 1450,
                "output_tokens": 82,
                "cache_read_tokens": 1200,
                "reasoning_tokens": 64,
            },
            "finish_reason": "STOP",
            "model": "gemini-2.5-flash-001",
        }
    )


def test_a_stream_counts_its_cumulative_tokens_once(recorded, provider):
    handler, sink = recorded()
    ask(google(provider.gives(sse("google"))), "stream", handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "usage": {
                "input_tokens": 1450,
                "output_tokens": 68,
                "cache_read_tokens": 1200,
                "reasoning_tokens": 64,
            },
            "finish_reason": "MAX_TOKENS",
            "model": "gemini-2.5-flash-001",
        }
    )


def test_thinking_and_sampling_are_among_the_parameters(recorded, provider):
    handler, sink = recorded()
    model = google(provider.gives(whole("google")), thinking_budget=64, top_k=4, seed=7)
    ask(model.bind(stop=["END"]), "invoke", handler)
    assert told(sink, "llm.start")["params"] == snapshot(
        {
            "temperature": 0.2,
            "max_output_tokens": 100,
            "top_k": 4,
            "stop": ["END"],
            "n": 1,
            "thinking_budget": 64,
        }
    )
