"""What a provider says beside its answer, and the answer that an exception carries, as the real clients give them."""

import json

import pytest
from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage
from provider_clients import anthropic, ask, google, openai, responses, told
from provider_server import Reply, whole
from pydantic import BaseModel

import steplog
from langchain_steplog import StepLogHandler


class City(BaseModel):
    """A city."""

    name: str
    people: int


def answer(content, finish, **message):
    return Reply(
        [
            json.dumps(
                {
                    "id": "chatcmpl-1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "gpt-4o-2024-08-06",
                    "choices": [
                        {
                            "index": 0,
                            "finish_reason": finish,
                            "message": {"role": "assistant", "content": content, **message},
                        }
                    ],
                    "usage": {
                        "prompt_tokens": 11,
                        "completion_tokens": 4,
                        "total_tokens": 15,
                        "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 2},
                        "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 1},
                    },
                }
            ).encode()
        ]
    )


USAGE = {
    "input_tokens": 11,
    "output_tokens": 4,
    "cache_read_tokens": 3,
    "reasoning_tokens": 1,
    "input_audio_tokens": 2,
    "output_audio_tokens": 1,
}


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_an_answer_that_was_cut_short_and_cannot_be_parsed_is_told_with_its_tokens(recorded, provider, how):
    handler, sink = recorded()
    url = provider.gives(answer('{"name": "Oslo", "people": ', "length"))
    model = openai(url).with_structured_output(City, method="json_schema")
    ask(model, how, handler)
    end = next(line for line in sink.records if line["ev"] == "llm.end")
    assert end["error"]["type"] == "LengthFinishReasonError"
    assert end["message"]["content"] == '{"name": "Oslo", "people": '
    assert (end["usage"], end["finish_reason"], end["response_id"]) == (USAGE, "length", "chatcmpl-1")
    assert handler.totals["input_tokens"] == 11
    start = next(line for line in sink.records if line["ev"] == "llm.start")
    assert start["params"]["response_format"] == {"$type": f"{__name__}.City"}


def test_what_a_content_filter_left_is_told(recorded, provider):
    handler, sink = recorded()
    model = openai(provider.gives(answer("I ", "content_filter"))).with_structured_output(
        City, method="json_schema"
    )
    ask(model, "invoke", handler)
    end = next(line for line in sink.records if line["ev"] == "llm.end")
    assert end["error"]["type"] == "ContentFilterFinishReasonError"
    assert end.get("message", {}).get("content") == "I "
    assert (end["usage"], end["finish_reason"]) == (USAGE, "content_filter")


def test_tool_calls_of_an_answer_that_was_cut_short_stay_the_text_they_are(recorded, provider):
    handler, sink = recorded()
    called = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q": "Os'}}]
    url = provider.gives(answer(None, "length", tool_calls=called))
    ask(openai(url).with_structured_output(City, method="json_schema"), "invoke", handler)
    end = next(line for line in sink.records if line["ev"] == "llm.end")
    assert end["message"]["tool_calls"] == [{"id": "c1", "name": "look", "args": '{"q": "Os'}]


def tree(tmp_path, model, how="invoke"):
    """What `show` draws of one call, and the call's step."""
    with StepLogHandler(tmp_path) as handler:
        ask(model, how, handler)
    run = steplog.read(tmp_path).run("@last")
    return str(run), run.steps[0]


def test_openais_refusal_is_drawn_as_one(tmp_path, provider):
    url = provider.gives(answer(None, "stop", refusal="I cannot help with that."))
    drawn, step = tree(tmp_path, openai(url))
    assert step.message["extra"] == {"refusal": "I cannot help with that."}
    assert "[refused]  Weather? → <refusal: I cannot help with that.>" in drawn
    assert "answer  [refused]" in str(step)


def test_a_refusal_of_openais_responses_is_drawn_as_one(tmp_path, provider):
    told = json.loads(whole("openai_responses").parts[0])
    refusal = {"type": "refusal", "refusal": "I cannot."}
    told["output"] = [
        {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [refusal]}
    ]
    drawn, _ = tree(tmp_path, responses(provider.gives(Reply([json.dumps(told).encode()]))))
    assert "[refused]  Weather? → <refusal: I cannot.>" in drawn


def test_anthropics_refusal_is_drawn_as_one(tmp_path, provider):
    told = json.loads(whole("anthropic").parts[0]) | {"content": [], "stop_reason": "refusal"}
    drawn, step = tree(tmp_path, anthropic(provider.gives(Reply([json.dumps(told).encode()]))))
    assert step.finish_reason == "refusal"
    assert "[refused]  Weather?" in drawn


@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_a_prompt_that_gemini_blocked_says_why(tmp_path, provider, how):
    told = json.loads(whole("google").parts[0])
    told["candidates"] = []
    told["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
    said = json.dumps(told).encode()
    reply = (
        Reply([b"data: " + said + b"\n\n"], "text/event-stream", stream=True)
        if how == "stream"
        else Reply([said])
    )
    drawn, step = tree(tmp_path, google(provider.gives(reply)), how)
    assert step.finish_reason == "PROHIBITED_CONTENT"
    assert "[stopped: PROHIBITED_CONTENT]  Weather?" in drawn


def test_a_call_that_gemini_could_not_write_says_so(tmp_path, provider):
    told = json.loads(whole("google").parts[0])
    told["candidates"][0] |= {
        "finishReason": "MALFORMED_FUNCTION_CALL",
        "content": {"role": "model", "parts": []},
    }
    drawn, _ = tree(tmp_path, google(provider.gives(Reply([json.dumps(told).encode()]))))
    assert "[stopped: MALFORMED_FUNCTION_CALL]" in drawn


def test_audio_tokens_are_counted(recorded, provider):
    handler, sink = recorded()
    ask(openai(provider.gives(answer("hi", "stop"))), "invoke", handler)
    assert told(sink, "llm.end")["usage"] == USAGE
    assert handler.totals["input_audio_tokens"] == 2


def test_the_service_tier_is_told(recorded, provider):
    handler, sink = recorded()
    ask(openai(provider.gives(whole("openai_chat"))), "invoke", handler)
    assert told(sink, "llm.end")["extra"]["service_tier"] == "default"


FACTS = {
    "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}},
    "safety_ratings": [{"category": "HARM", "probability": "LOW"}],
    "grounding_metadata": {"web_search_queries": ["tides"]},
    "logprobs": {"content": [{"token": "hi", "logprob": -0.1}]},
    "prompt_feedback": {},
    "model_name": "m",
    "finish_reason": "stop",
    "headers": {"x": "y"},
}


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, {"content_filter_results", "safety_ratings", "grounding_metadata"}),
        ({"detail": "all"}, {"content_filter_results", "safety_ratings", "grounding_metadata", "logprobs"}),
        ({"content": "none"}, set()),
    ],
)
def test_filters_ratings_and_grounding_are_told_and_log_probabilities_with_every_detail(
    recorded, settings, names
):
    handler, sink = recorded(**settings)
    model = FakeMessagesListChatModel(responses=[AIMessage("hi", response_metadata=FACTS)])
    model.invoke("q", {"callbacks": [handler]})
    found = told(sink, "llm.end").get("extra", {})
    told_so = {**FACTS, "logprobs": {"content": [{"text": "hi", "logprob": -0.1}]}}
    assert found == {name: told_so[name] for name in names}


def test_a_call_without_messages_reads_as_one(recorded, tmp_path):
    import steplog
    from langchain_steplog import StepLogHandler

    handler = StepLogHandler(tmp_path)
    FakeMessagesListChatModel(responses=[AIMessage("hi")]).invoke([], {"callbacks": [handler]})
    handler.close()
    (run,) = steplog.read(tmp_path).runs
    (step,) = run.steps
    assert (step.prompt, step.asked, step.message["content"]) == ([], None, "hi")
    assert "not in the log" not in str(step)
    assert "prompt" not in step.fields
