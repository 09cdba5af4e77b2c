"""The real clients of five providers, asking a local server with fake keys; and short views of what was recorded."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import jsonschema
from langchain_core.tools import tool

from steplog._format.schema import schema

KEYS = {
    "openai": "sk-fake-0123456789abcdefghijklmnopqrstuvwxyz",
    "anthropic": "sk-ant-fake-0123456789abcdefghijklmnopqrstuvwxyz",
    "google": "AIzaFAKE0123456789abcdefghijklmnopqrstu",
    "aws_id": "AKIAFAKE0123456789AB",
    "aws_secret": "fake/0123456789abcdefghijklmnopqrstuvwxyzAB",
}
VALID = jsonschema.Draft202012Validator(schema())
_VOLATILE = ("seq", "ts", "run", "step", "parent", "ms", "ttft_ms", "prompt", "messages", "tool_defs")


@tool
def weather(city: str) -> str:
    """Weather of a city."""
    return f"rain in {city}"


def openai(url: str, **settings: Any):
    from langchain_openai import ChatOpenAI

    given = {"model": "gpt-4o-mini", "temperature": 0.2, "max_tokens": 100} | settings
    return ChatOpenAI(api_key=KEYS["openai"], base_url=f"{url}/v1", max_retries=0, **given)


def responses(url: str, **settings: Any):
    effort = {"effort": "low"}
    return openai(
        url, model="o4-mini", temperature=None, reasoning=effort, use_responses_api=True, **settings
    )


def anthropic(url: str, **settings: Any):
    from langchain_anthropic import ChatAnthropic

    given = {"model": "claude-haiku-4-5", "temperature": 0.2, "max_tokens": 100} | settings
    return ChatAnthropic(api_key=KEYS["anthropic"], base_url=url, max_retries=0, **given)


def google(url: str, **settings: Any):
    from langchain_google_genai import ChatGoogleGenerativeAI

    given = {"model": "gemini-2.5-flash", "temperature": 0.2, "max_tokens": 100} | settings
    return ChatGoogleGenerativeAI(google_api_key=KEYS["google"], base_url=url, max_retries=1, **given)


def bedrock(url: str, **settings: Any):
    from botocore.config import Config
    from langchain_aws import ChatBedrockConverse

    given = {"model": "anthropic.claude-3-5-sonnet-20240620-v1:0", "temperature": 0.2, "max_tokens": 100}
    return ChatBedrockConverse(
        base_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS["aws_id"],
        aws_secret_access_key=KEYS["aws_secret"],
        config=Config(retries={"total_max_attempts": 1}),
        **given | settings,
    )


def ollama(url: str, **settings: Any):
    from langchain_ollama import ChatOllama

    given = {"model": "llama3.2:3b", "temperature": 0.2, "num_predict": 100} | settings
    return ChatOllama(base_url=url, **given)


def ask(model: Any, how: str, handler: Any) -> None:
    """Ask in one of LangChain's ways; what it raises is the handler's to tell."""
    config = {"callbacks": [handler]}

    async def whole():
        await model.ainvoke("Weather?", config)

    async def stream():
        async for _ in model.astream("Weather?", config):
            pass

    with suppress(Exception):
        if how == "invoke":
            model.invoke("Weather?", config)
        elif how == "stream":
            for _ in model.stream("Weather?", config):
                pass
        elif how == "v3":
            for _ in model.stream_events("Weather?", config, version="v3"):
                pass
        else:
            asyncio.run({"ainvoke": whole, "astream": stream}[how]())


def told(sink: Any, ev: str) -> dict[str, Any]:
    """What the only line of its kind tells, apart from numbers, times, the prompt, and stacks."""
    assert not [key for key in KEYS.values() if key.encode() in b"".join(sink.lines)]
    assert not [r for r in sink.records if r["ev"] == "log.error" or not VALID.is_valid(r)]
    (line,) = [r for r in sink.records if r["ev"] == ev]
    found = {k: v for k, v in line.items() if k not in _VOLATILE and k != "ev"}
    if "error" in found:
        found["error"] = {k: v for k, v in found["error"].items() if k not in ("stack", "module")}
    if "message" in found:
        found["message"] = said(found["message"])
    return found


def said(message: dict[str, Any]) -> Any:
    """A message's text, with its tool calls where it has some; ids that LangChain made up left out."""
    content = message.get("content")
    text = (
        content
        if isinstance(content, str)
        else "".join(b.get("text") or "" for b in content or () if isinstance(b, dict))
    )
    calls = [f"{c['name']}({json.dumps(c['args'])})" for c in message.get("tool_calls") or ()]
    return " ".join([*([text] if text else ()), *calls])
