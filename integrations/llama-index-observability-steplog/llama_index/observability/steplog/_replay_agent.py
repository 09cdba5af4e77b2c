"""An agent built from a recorded run alone, so that the run can be played again before anybody has written a test of his own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool, ToolMetadata

from llama_index.observability.steplog._replay import ReplayLLM
from steplog import Run
from steplog.testing import RecordedTools, agent_as_recorded


def replay_agent(run: Run) -> FunctionAgent:
    """A `FunctionAgent` like the one that made the run: its prompt, its tools by name; answers and results are the recorded ones.

    ```python
    async def again(run):
        return await replay_agent(run).run(run.input["user_msg"])


    print(asyncio.run(again(steplog.read("logs").run("@last"))))
    ```

    Raises `steplog.testing.CannotReplay` where the run was no single agent with tools, or was not recorded whole.
    """
    found = agent_as_recorded(run)
    answers = RecordedTools(run)
    tools: list[Any] = [
        FunctionTool(
            fn=_taking(name, answers), metadata=ToolMetadata("Answers from a recorded run.", name=name)
        )
        for name in found.tools
    ]
    return FunctionAgent(
        name=found.name or "agent",
        tools=tools,
        llm=ReplayLLM(run),
        system_prompt=found.system or None,
        streaming=False,
    )


def _taking(name: str, answers: RecordedTools) -> Callable[..., Any]:
    def call(**args: Any) -> Any:
        return answers.take(name, args)

    return call
