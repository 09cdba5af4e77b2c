"""Calls that providers refuse or break off: what was said why, and what had been answered until then."""

import pytest
from provider_clients import KEYS, anthropic, ask, bedrock, google, ollama, openai, responses, told
from provider_server import Reply, aws_event, aws_events, ndjson, sse, whole

MODELS = {f.__name__: f for f in (openai, responses, anthropic, google, bedrock, ollama)}
REFUSED = {
    "openai": whole("openai_401", 401, x_request_id="req_7f3a"),
    "responses": whole("openai_401", 401, x_request_id="req_7f3a"),
    "anthropic": whole("anthropic_529", 529, request_id="req_011CSHoEeqs5C35K2UUqR7Fy"),
    "google": whole("google_429", 429),
    "bedrock": whole("bedrock_429", 429, x_amzn_requestid="0c1f8b1e", x_amzn_errortype="ThrottlingException"),
    "ollama": whole("ollama_404", 404),
}
WHY = {
    "openai": {
        "type": "OpenAIAuthenticationError",
        "http_status": 401,
        "code": "invalid_api_key",
        "request_id": "req_7f3a",
    },
    "responses": {
        "type": "OpenAIAuthenticationError",
        "http_status": 401,
        "code": "invalid_api_key",
        "request_id": "req_7f3a",
    },
    "anthropic": {
        "type": "AnthropicOverloadedError",
        "http_status": 529,
        "code": "overloaded_error",
        "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
    },
    "google": {"type": "GoogleRateLimitError", "http_status": 429, "code": "RESOURCE_EXHAUSTED"},
    "bedrock": {
        "type": "ThrottlingException",
        "http_status": 429,
        "code": "ThrottlingException",
        "request_id": "0c1f8b1e",
    },
    "ollama": {"type": "ResponseError", "http_status": 404},
}
STREAMS = {
    "openai": (sse("openai_chat"), 3),
    "responses": (sse("openai_responses"), 6),
    "anthropic": (sse("anthropic"), 5),
    "google": (sse("google"), 1),
    "bedrock": (aws_events("bedrock", x_amzn_requestid="0c1f8b1e"), 3),
    "ollama": (ndjson("ollama"), 2),
}
BROKEN_OFF = {
    "openai": {"type": "OpenAIConnectionError", "message": "Rain in Oslo"},
    "responses": {
        "type": "OpenAIConnectionError",
        "message": "Rain in Oslo",
        "response_id": "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654",
    },
    "anthropic": {
        "type": "RemoteProtocolError",
        "message": "Rain in Oslo",
        "model": "claude-haiku-4-5-20251001",
    },
    "google": {
        "type": "RemoteProtocolError",
        "message": "Rain ",
        "usage": {
            "input_tokens": 1450,
            "output_tokens": 66,
            "cache_read_tokens": 1200,
            "reasoning_tokens": 64,
        },
    },
    "bedrock": {"type": "ProtocolError", "message": "Rain in Oslo"},
    "ollama": {"type": "RemoteProtocolError", "message": "Rain in Oslo"},
}
OPENAI_SAYS = b'data: {"error": {"message": "The server had an error", "type": "server_error", "param": null, "code": null}}\n\n'
ANTHROPIC_SAYS = b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_011CSHo"}\n\n'
AWS_SAYS = aws_event("throttlingException", {"message": "Too many tokens"}, "exception")
TOLD_MIDWAY = {
    "openai": {"type": "APIError", "code": "server_error", "message": "Rain in Oslo"},
    "anthropic": {
        "type": "APIStatusError",
        "code": "overloaded_error",
        "request_id": "req_011CSHo",
        "message": "Rain in Oslo",
        "model": "claude-haiku-4-5-20251001",
    },
    "bedrock": {"type": "EventStreamError", "code": "throttlingException", "message": "Rain in Oslo"},
}


def why(end):
    return {k: v for k, v in end["error"].items() if k not in ("message", "causes")} | {
        k: v for k, v in end.items() if k not in ("error", "status")
    }


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
@pytest.mark.parametrize("name", MODELS)
def test_a_refused_call_has_status_code_and_request_id_as_far_as_its_client_keeps_them(
    recorded, provider, name, how
):
    handler, sink = recorded()
    ask(MODELS[name](provider.gives(REFUSED[name])), how, handler)
    end = told(sink, "llm.end")
    assert end["status"] == "error"
    assert why(end) == WHY[name]


@pytest.mark.parametrize("how", ["stream", "astream"])
@pytest.mark.parametrize("name", MODELS)
def test_a_stream_that_breaks_off_keeps_what_had_been_said(recorded, provider, name, how):
    handler, sink = recorded()
    reply, n = STREAMS[name]
    ask(MODELS[name](provider.gives(reply.until(n))), how, handler)
    end = told(sink, "llm.end")
    assert end["status"] == "error"
    found = why(end)
    if found["type"] == "ClientPayloadError":  # Google's client takes aiohttp where that is installed
        found["type"] = "RemoteProtocolError"
    assert found == BROKEN_OFF[name]


@pytest.mark.parametrize(
    ("name", "last"), [("openai", OPENAI_SAYS), ("anthropic", ANTHROPIC_SAYS), ("bedrock", AWS_SAYS)]
)
def test_a_failure_told_in_the_midst_of_a_stream_has_its_code_and_no_status_of_success(
    recorded, provider, name, last
):
    handler, sink = recorded()
    reply, n = STREAMS[name]
    ask(MODELS[name](provider.gives(reply.until(n, last))), "stream", handler)
    assert why(told(sink, "llm.end")) == TOLD_MIDWAY[name]


def test_a_server_s_failure_of_google_s_has_its_word_too(recorded, provider):
    handler, sink = recorded()
    ask(google(provider.gives(whole("google_503", 503))), "invoke", handler)
    assert why(told(sink, "llm.end")) == {
        "type": "GoogleAPIError",
        "http_status": 503,
        "code": "UNAVAILABLE",
    }


def test_a_server_that_is_not_there_is_an_error_without_a_status(recorded, provider):
    handler, sink = recorded()
    ask(openai("http://127.0.0.1:9"), "invoke", handler)
    end = told(sink, "llm.end")
    assert why(end) == {"type": "OpenAIConnectionError"}
    assert end["error"]["message"] == "Connection error."
    assert {cause["type"] for cause in end["error"]["causes"]} >= {"APIConnectionError", "ConnectError"}
    assert "refused" in end["error"]["causes"][-1]["message"]


def test_no_key_is_in_the_bytes_of_a_log_whatever_was_asked_and_refused(tmp_path, provider):
    from langchain_steplog import StepLogHandler

    handler = StepLogHandler(tmp_path / "log.jsonl", redact=False)
    for name, make in MODELS.items():
        echo = Reply([b'{"error": {"message": "no"}}'], status=400)
        for reply in (REFUSED[name], STREAMS[name][0], echo):
            ask(make(provider.gives(reply)), "stream", handler)
    handler.close()
    written = (tmp_path / "log.jsonl").read_bytes()
    assert written.count(b'"ev":"llm.end"') == 18
    assert not [key for key in KEYS.values() if key.encode() in written]
