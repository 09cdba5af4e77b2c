"""What is told beside prompts and answers: tokens by kind, what a provider says of its answer, tags, failures told."""

import json

import pytest
from li_models import Scripted, add
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.instrumentation.dispatcher import instrument_tags

RAW = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "choices": [
        {
            "finish_reason": "stop",
            "content_filter_results": {"hate": {"filtered": False}},
            "logprobs": {"content": [{"token": "hi", "logprob": -0.1}]},
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
EXTRA = {"service_tier": "default", "content_filter_results": {"hate": {"filtered": False}}}


class Raw(Scripted):
    """Answers with a provider's own form of the answer beside its message."""

    raw: dict = RAW

    def answer(self):
        return ChatResponse(message=ChatMessage("hi", role="assistant"), raw=self.raw)


def the(run, kind):
    (step,) = [step for step in run.steps if step.kind == kind]
    return step


def test_audio_tokens_and_what_the_provider_says_of_its_answer(recorded):
    Raw().chat([ChatMessage("q")])
    step = the(recorded.run, "llm")
    assert step.usage == {
        "input_tokens": 11,
        "output_tokens": 4,
        "cache_read_tokens": 3,
        "reasoning_tokens": 1,
        "input_audio_tokens": 2,
        "output_audio_tokens": 1,
    }
    assert step.fields["extra"] == EXTRA
    assert recorded.run.totals["input_audio_tokens"] == 2


REFUSED = {"finish_reason": "stop", "message": {"role": "assistant", "content": None, "refusal": "I cannot."}}
IN_RESPONSES = {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}


class Silent(Raw):
    """Answers with a message in which LlamaIndex has left out what the provider said."""

    def answer(self):
        return ChatResponse(message=ChatMessage("", role="assistant"), raw=self.raw)


@pytest.mark.parametrize(
    "raw",
    [{"choices": [REFUSED]}, {"output": [IN_RESPONSES], "status": "completed"}],
    ids=["chat", "responses"],
)
def test_a_refusal_is_told_though_the_message_has_nothing_of_it(recorded, raw):
    Silent(raw=raw).chat([ChatMessage("q")])
    step = the(recorded.run, "llm")
    assert step.fields["extra"]["refusal"] == "I cannot."
    assert "[refused]  q → <refusal: I cannot.>" in str(recorded.run)
    assert "answer  [refused]" in str(step)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"prompt_feedback": {"block_reason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT"),
        (
            {"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
        ),
        ({"stop_reason": "pause_turn"}, "pause_turn"),
        ({"candidates": [{"finish_reason": "MALFORMED_FUNCTION_CALL"}]}, "MALFORMED_FUNCTION_CALL"),
    ],
)
def test_why_an_answer_is_none_is_told(recorded, raw, reason):
    Silent(raw=raw).chat([ChatMessage("q")])
    assert the(recorded.run, "llm").finish_reason == reason
    assert f"[stopped: {reason}]" in str(recorded.run)


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (
            {
                "usage": {
                    "input_tokens": 12,
                    "output_tokens": 5,
                    "cache_read_input_tokens": 5,
                    "cache_creation_input_tokens": 6,
                    "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 4},
                }
            },
            {
                "input_tokens": 23,
                "output_tokens": 5,
                "cache_read_tokens": 5,
                "cache_write_tokens": 6,
                "cache_write_5m_tokens": 2,
                "cache_write_1h_tokens": 4,
            },
        ),
        (
            {
                "usage_metadata": {
                    "prompt_token_count": 30,
                    "candidates_token_count": 9,
                    "prompt_tokens_details": [
                        {"modality": "TEXT", "token_count": 10},
                        {"modality": "AUDIO", "token_count": 20},
                    ],
                }
            },
            {"input_tokens": 30, "output_tokens": 9, "input_audio_tokens": 20},
        ),
    ],
    ids=["anthropic", "google"],
)
def test_tokens_by_time_to_live_and_by_modality(recorded, raw, usage):
    Raw(raw=raw).chat([ChatMessage("q")])
    assert the(recorded.run, "llm").usage == usage


def test_log_probabilities_are_told_with_every_detail(tmp_path):
    import steplog
    from llama_index.observability.steplog import activate, deactivate

    activate(tmp_path, detail="all")
    try:
        Raw().chat([ChatMessage("q")])
    finally:
        deactivate()
    (run,) = steplog.read(tmp_path).runs
    assert the(run, "llm").fields["extra"]["logprobs"] == {"content": [{"text": "hi", "logprob": -0.1}]}


def test_an_answer_that_an_exception_carries_is_told_with_its_tokens(recorded):
    openai = pytest.importorskip("openai")
    from openai.types.chat import ChatCompletion

    cut = json.loads(json.dumps(RAW)) | {"object": "chat.completion", "created": 1}
    cut["choices"] = [
        {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": '{"name": "Os'}}
    ]
    error = openai.LengthFinishReasonError(completion=ChatCompletion.model_validate(cut))
    with pytest.raises(openai.LengthFinishReasonError):
        Scripted(script=[error]).chat([ChatMessage("q")])
    step = the(recorded.run, "llm")
    assert step.error["type"] == "LengthFinishReasonError"
    assert step.message["content"] == '{"name": "Os'
    assert (step.usage["input_tokens"], step.fields["finish_reason"]) == (11, "length")
    assert step.fields["response_id"] == "chatcmpl-1"


async def test_tags_of_one_call_stand_at_that_call_and_the_runs_are_not_repeated(recorded):
    from workflows import Workflow, step
    from workflows.events import StartEvent, StopEvent

    model = Scripted(script=["a"])

    class Ask(Workflow):
        @step
        async def ask(self, ev: StartEvent) -> StopEvent:
            await model.achat([ChatMessage("one")])
            with instrument_tags({"purpose": "evaluation"}):
                await model.achat([ChatMessage("two")])
            return StopEvent(result="done")

    with instrument_tags({"customer": "c7"}):
        await Ask().run()
    run = recorded.run
    assert {name: value for name, value in run.metadata.items() if name != "run_id"} == {"customer": "c7"}
    assert [s.fields.get("metadata") for s in run.steps if s.kind == "llm"] == [
        None,
        {"purpose": "evaluation"},
    ]
    assert [s.fields.get("metadata") for s in run.steps if s.kind == "node"] == [None]


async def test_a_tool_that_does_not_exist_says_so_in_its_error(recorded):
    model = Scripted(script=[("nope", {}), "sorry"])
    await FunctionAgent(llm=model, tools=[add]).run("hi")
    tool = the(recorded.run, "tool")
    assert "not found" in tool.error["message"]
