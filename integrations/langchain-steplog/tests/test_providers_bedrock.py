"""Amazon Bedrock's Converse API: what is recorded of its answers is what it said."""

from inline_snapshot import snapshot
from provider_clients import ask, bedrock, told, weather
from provider_server import aws_events, whole

REQUEST = "9ef1e313-a4c1-4f79-b631-171f658d3c0e"


def test_an_answer_goes_by_its_request_id_and_counts_cached_tokens_as_input(recorded, provider):
    handler, sink = recorded()
    reply = whole("bedrock", x_amzn_requestid=REQUEST)
    ask(bedrock(provider.gives(reply)).bind_tools([weather]), "invoke", handler)
    assert told(sink, "llm.start") == snapshot(
        {
            "model": "anthropic.claude-3-5-sonnet-20240620-v1:0",
            "provider": "aws.bedrock",
            "params": {"temperature": 0.2, "max_tokens": 100},
            "tools": ["weather"],
        }
    )
    assert told(sink, "llm.end") == snapshot(
        {
            "message": 'weather({"city": "Oslo"})',
            "usage": {
                "input_tokens": 1530,
                "output_tokens": 45,
                "cache_read_tokens": 1200,
                "cache_write_tokens": 300,
            },
            "finish_reason": "tool_use",
            "response_id": "9ef1e313-a4c1-4f79-b631-171f658d3c0e",
        }
    )


def test_a_stream_in_binary_frames_tells_the_same(recorded, provider):
    handler, sink = recorded()
    ask(bedrock(provider.gives(aws_events("bedrock", x_amzn_requestid=REQUEST))), "stream", handler)
    assert told(sink, "llm.end") == snapshot(
        {
            "message": "Rain in Oslo",
            "usage": {"input_tokens": 1230, "output_tokens": 9, "cache_read_tokens": 1200},
            "finish_reason": "end_turn",
            "response_id": "9ef1e313-a4c1-4f79-b631-171f658d3c0e",
        }
    )


def test_a_total_that_is_not_the_sum_is_told_as_it_came(recorded, provider):
    handler, sink = recorded()
    reply = whole("bedrock")
    reply.parts = [reply.parts[0].replace(b'"totalTokens": 1575', b'"totalTokens": 75')]
    ask(bedrock(provider.gives(reply)), "invoke", handler)
    assert told(sink, "llm.end")["usage"] == snapshot(
        {
            "input_tokens": 1530,
            "output_tokens": 45,
            "cache_read_tokens": 1200,
            "cache_write_tokens": 300,
            "total_tokens": 75,
        }
    )
