"""Real OpenAI and Anthropic clients of LlamaIndex against a local server that answers in the providers' shapes."""

import contextlib

import pytest
from llama_index.core.llms import ChatMessage
from provider_server import serving, sse, whole

# These clients want older SDKs than LangChain's: tests/all.sh runs this file in an environment of its own.
OpenAI = pytest.importorskip("llama_index.llms.openai").OpenAI
Anthropic = pytest.importorskip("llama_index.llms.anthropic").Anthropic

QUESTION = [ChatMessage("Be brief.", role="system"), ChatMessage("Weather in Oslo?")]


@pytest.fixture(scope="module")
def provider():
    with serving() as found:
        yield found


def openai(url, **kwargs):
    return OpenAI(
        model="gpt-4o", api_key="sk-test", api_base=f"{url}/v1", temperature=0.2, max_retries=0, **kwargs
    )


def anthropic(url, **kwargs):
    return Anthropic(
        model="claude-sonnet-4-5", api_key="k", base_url=url, max_tokens=99, max_retries=0, **kwargs
    )


def only_call(recorded):
    run = recorded.run
    (llm,) = run.steps
    return llm


def test_an_openai_call(recorded, provider):
    answer = openai(provider.gives(whole("openai_chat"))).chat(QUESTION)
    llm = only_call(recorded)
    raw = answer.raw
    assert (llm.fields["provider"], llm.fields["params"]["temperature"]) == ("openai", 0.2)
    assert llm.fields["response_id"] == raw.id
    assert llm.fields["finish_reason"] == raw.choices[0].finish_reason
    assert llm.fields["model"] == raw.model
    assert llm.usage["input_tokens"] == raw.usage.prompt_tokens
    assert llm.usage["output_tokens"] == raw.usage.completion_tokens
    called = raw.choices[0].message.tool_calls
    assert [c["id"] for c in llm.message.get("tool_calls", [])] == [c.id for c in called or []]
    assert [m["role"] for m in llm.prompt] == ["system", "user"]


async def test_an_async_openai_call(recorded, provider):
    answer = await openai(provider.gives(whole("openai_chat"))).achat(QUESTION)
    assert only_call(recorded).fields["response_id"] == answer.raw.id


def test_an_openai_stream_tells_its_finish_reason_though_its_last_chunk_has_only_the_usage(
    recorded, provider
):
    model = openai(
        provider.gives(sse("openai_chat")), additional_kwargs={"stream_options": {"include_usage": True}}
    )
    chunks = list(model.stream_chat(QUESTION))
    llm = only_call(recorded)
    reasons = [c.raw.choices[0].finish_reason for c in chunks if c.raw.choices]
    assert llm.fields["finish_reason"] == reasons[-1]
    usage = next((c.raw.usage for c in reversed(chunks) if c.raw.usage), None)
    assert usage is not None
    assert llm.usage["input_tokens"] == usage.prompt_tokens
    assert llm.usage["output_tokens"] == usage.completion_tokens
    assert llm.message.get("content", "") == (chunks[-1].message.content or "")
    assert llm.fields["response_id"] == chunks[0].raw.id
    assert llm.fields["ttft_ms"] > 0


async def test_an_async_openai_stream_read_by_an_agents_kind_of_loop(recorded, provider):
    stream = await openai(provider.gives(sse("openai_chat"))).astream_chat(QUESTION)
    text = "".join([c.delta async for c in stream])
    assert only_call(recorded).message.get("content", "") == text


def test_an_openai_completion_is_a_chat_underneath_and_one_call(recorded, provider):
    openai(provider.gives(whole("openai_chat"))).complete("Weather?")
    llm = only_call(recorded)
    assert llm.prompt == [{"m": 1, "role": "user", "content": "Weather?"}]
    assert llm.usage["input_tokens"] > 0


def test_a_refused_key_is_an_error_with_the_providers_words(recorded, provider):
    with pytest.raises(Exception, match="401"):
        openai(provider.gives(whole("openai_401", 401))).chat(QUESTION)
    llm = only_call(recorded)
    assert (llm.status, llm.error["type"], llm.error["http_status"]) == ("error", "AuthenticationError", 401)


def test_an_anthropic_call_counts_cached_tokens_as_input(recorded, provider):
    answer = anthropic(provider.gives(whole("anthropic"))).chat(QUESTION)
    llm = only_call(recorded)
    assert llm.fields["provider"] == "anthropic"
    assert llm.fields["params"]["max_tokens"] == 99
    told = answer.raw["usage"]
    assert told.cache_read_input_tokens > told.input_tokens
    assert llm.usage == {
        "input_tokens": told.input_tokens + told.cache_read_input_tokens + told.cache_creation_input_tokens,
        "output_tokens": told.output_tokens,
        "cache_read_tokens": told.cache_read_input_tokens,
        "cache_write_tokens": told.cache_creation_input_tokens,
        "cache_write_5m_tokens": told.cache_creation.ephemeral_5m_input_tokens,
        "cache_write_1h_tokens": told.cache_creation.ephemeral_1h_input_tokens,
    }
    assert (llm.fields["finish_reason"], llm.fields["response_id"]) == ("tool_use", answer.raw["id"])
    assert llm.fields["model"] == answer.raw["model"]
    (call,) = llm.message["tool_calls"]
    assert (call["name"], call["args"]) == ("weather", {"city": "Oslo"})


def test_an_anthropic_stream(recorded, provider):
    chunks = list(anthropic(provider.gives(sse("anthropic"))).stream_chat(QUESTION))
    llm = only_call(recorded)
    assert "".join(c.delta for c in chunks) == "Rain in Oslo" == llm.message["content"]
    told = chunks[-1].raw["usage"]
    assert llm.usage["input_tokens"] == told.input_tokens + told.cache_read_input_tokens
    assert llm.usage["output_tokens"] == told.output_tokens
    assert llm.fields["finish_reason"] == "end_turn"
    assert "response_id" not in llm.fields


def test_an_overloaded_provider_is_an_error_with_its_code(recorded, provider):
    with pytest.raises(Exception, match="Overloaded"):
        anthropic(provider.gives(whole("anthropic_529", 529))).chat(QUESTION)
    llm = only_call(recorded)
    assert (llm.error["http_status"], llm.error["code"]) == (529, "overloaded_error")


@pytest.mark.parametrize(("name", "status"), [("openai_chat", 200), ("openai_401", 401)])
def test_the_same_answer_is_told_alike_from_both_frameworks(tmp_path, provider, name, status):
    """One answer of one provider, read by both frameworks' clients: the same usage, finish reason, model, id, error."""
    openai_client = pytest.importorskip("langchain_openai")
    import langchain_steplog
    import steplog
    from llama_index.observability import steplog as llama_index_steplog

    path = tmp_path / "log"
    langchain_steplog.activate(path)
    llama_index_steplog.activate(path)
    url = provider.gives(whole(name, status))
    chat = openai_client.ChatOpenAI(model="gpt-4o", api_key="sk-test", base_url=f"{url}/v1", max_retries=0)
    expected = contextlib.nullcontext() if status == 200 else pytest.raises(Exception, match=str(status))
    with expected:
        chat.invoke([("system", "Be brief."), ("user", "Weather in Oslo?")])
    expected = contextlib.nullcontext() if status == 200 else pytest.raises(Exception, match=str(status))
    with expected:
        openai(url).chat(QUESTION)
    langchain_steplog.deactivate()
    llama_index_steplog.deactivate()
    one, two = (next(s for s in run.steps if s.kind == "llm") for run in steplog.read(path).runs)
    assert (one.status, one.usage) == (two.status, two.usage)
    for field in ("model", "provider", "finish_reason", "response_id"):
        assert one.fields.get(field) == two.fields.get(field), field
    strip = ("stack", "causes", "type", "module", "message")  # each framework's client raises in its own way
    assert {k: v for k, v in (one.error or {}).items() if k not in strip} == {
        k: v for k, v in (two.error or {}).items() if k not in strip
    }
    assert [m["content"] for m in one.prompt] == [m["content"] for m in two.prompt]
