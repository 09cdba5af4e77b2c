"""What clients tell in other words than those of the five: the same is read of it."""

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_steplog._models import llm_end, llm_start, usage
from langchain_steplog._provider_errors import error_fields


@pytest.mark.parametrize(
    ("langchain", "ours"),
    [
        ("amazon_bedrock", "aws.bedrock"),
        ("bedrock_converse", "aws.bedrock"),
        ("anthropic-bedrock", "aws.bedrock"),
        ("azure", "azure.ai.openai"),
        ("mistral", "mistral_ai"),
        ("mistralai", "mistral_ai"),
        ("openai", "openai"),
        ("google_genai", "google_genai"),
        ("groq", "groq"),
    ],
)
def test_each_provider_has_one_spelling(langchain, ours):
    assert llm_start(None, [], {"metadata": {"ls_provider": langchain}})["provider"] == ours


def test_a_class_without_a_provider_has_none():
    assert (
        llm_start({"id": ["x", "MyModel"]}, [], {"metadata": {"ls_provider": "mymodel"}})["provider"] is None
    )


@pytest.mark.parametrize(
    ("raw", "ours"),
    [
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
            {"input_tokens": 9, "output_tokens": 4},
        ),
        ({"prompt_tokens": 9, "completion_tokens": 0}, {"input_tokens": 9, "output_tokens": 0}),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, {}),
        (
            {
                "input_tokens": 2,
                "output_tokens": 4,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 3,
            },
            {"input_tokens": 10, "output_tokens": 4, "cache_read_tokens": 5, "cache_write_tokens": 3},
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 8},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            {
                "input_tokens": 9,
                "output_tokens": 4,
                "cache_read_tokens": 8,
                "reasoning_tokens": 3,
                "total_tokens": 20,
            },
        ),
        ({"prompt_tokens": "9", "completion_tokens": None}, {}),
        ("none", {}),
    ],
)
def test_a_provider_s_own_counts_are_read_where_langchain_has_normalised_none(raw, ours):
    assert usage(None, {"token_usage": raw}) == ours


def test_counts_that_stand_only_in_a_message_s_metadata_are_found():
    message = AIMessage("Rain", response_metadata={"usage": {"prompt_tokens": 9, "completion_tokens": 4}})
    end = llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]))
    assert end["usage"] == {"input_tokens": 9, "output_tokens": 4}


class HTTPStatusError(Exception):
    """As httpx raises it, for the clients that use nothing else."""

    def __init__(self, status):
        super().__init__("refused")
        self.response = Response(status)


class Response:
    def __init__(self, status):
        self.status_code = status

    def __getattribute__(self, name):
        if name != "__class__":
            raise AssertionError(f"ran foreign code for {name}")
        return object.__getattribute__(self, name)


def test_a_status_is_read_from_the_response_and_the_request_s_id_from_its_headers_without_running_its_code():
    refusal = AIMessage("", response_metadata={"headers": {"X-Request-Id": "req_1"}, "status_code": 422})
    given = LLMResult(generations=[[ChatGeneration(message=refusal)]])
    assert error_fields(HTTPStatusError(422), given) == {"http_status": 422, "request_id": "req_1"}


def test_what_a_wrapped_exception_tells_is_told_of_the_one_that_wraps_it():
    wrapping = ValueError("failed")
    wrapping.__cause__ = HTTPStatusError(503)
    assert error_fields(wrapping) == {"http_status": 503}


def test_a_text_under_the_name_of_a_code_is_no_code():
    error = ValueError("failed")
    error.code = "def f():\n    pass"
    assert error_fields(error) == {}


def test_exceptions_that_stem_from_each_other_in_a_circle_are_read_once_around():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    two.status_code = 500
    assert error_fields(one) == {"http_status": 500}
