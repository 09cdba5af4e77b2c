"""A LangGraph agent whose tools come from `steplog mcp` through langchain-mcp-adapters; its model is a script, without network.

Runs in an environment of its own, since the adapters want mcp 1: `python mcp_agent.py STEPLOG LOG ORDER` prints what happened as JSON.
"""

import asyncio
import json
import re
import sys

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_mcp_adapters.client import MultiServerMCPClient
from pydantic import Field


class Scripted(BaseChatModel):
    """Reads the last answer as a model would, and asks for the next thing."""

    order: str
    schemas: list = Field(default_factory=list)

    @property
    def _llm_type(self):
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        self.schemas.extend(convert_to_openai_tool(tool) for tool in tools)
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        heard = [message.text for message in messages if message.type == "tool"]
        return ChatResult(generations=[ChatGeneration(message=self._next(heard))])

    def _next(self, heard):
        if not heard:
            return self._call("search", pattern=self.order)
        run = re.search(r"^\| ([0-9a-f]{8}) ", heard[0], re.MULTILINE)[1]
        if len(heard) == 1:
            return self._call("postmortem", run=run, budget=1_500)
        step = int(re.search(r"\bstep (\d+)", heard[1].partition("ailed")[2])[1])
        if len(heard) == 2:
            return self._call("show_step", run=run, step=step, budget=1_500)
        if len(heard) == 3:
            return self._call("show_step", run=run, step=2, budget=1_500)
        cause = re.search(r"ValueError: ([^\n]+)", heard[2])[1]
        return AIMessage(f"run {run}, step {step}: {cause}")

    def _call(self, name, **args):
        return AIMessage("", tool_calls=[{"id": f"c-{name}-{len(args)}", "name": name, "args": args}])


async def main(steplog, log, order):
    client = MultiServerMCPClient(
        {"steplog": {"command": steplog, "args": ["mcp", log], "transport": "stdio"}}
    )
    tools = await client.get_tools()
    model = Scripted(order=order)
    agent = create_agent(model, tools)
    done = await agent.ainvoke({"messages": [("user", f"Why was order {order} not paid back?")]})
    said = [
        message.text + json.dumps(getattr(message, "tool_calls", None) or "") for message in done["messages"]
    ]
    unique = {schema["function"]["name"]: schema for schema in model.schemas}
    told = {"tools": sorted(tool.name for tool in tools), "schemas": list(unique.values()), "messages": said}
    print(json.dumps({**told, "answer": done["messages"][-1].text}))


asyncio.run(main(*sys.argv[1:4]))
