"""An agent built from a recorded run alone, so that the run can be played again before anybody has written a test of his own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import StructuredTool

from langchain_steplog._replay import ReplayModel
from steplog import Run
from steplog.testing import RecordedTools, agent_as_recorded


def replay_agent(run: Run) -> Any:
    """An agent of `create_agent` like the one that made the run: its prompt, its tools by name; answers and results are the recorded ones.

    ```python
    run = steplog.read("logs").run("@last")
    replay_agent(run).invoke(run.input)
    ```

    Raises `steplog.testing.CannotReplay` where the run was no single agent with tools, or was not recorded whole.
    """
    found = agent_as_recorded(run)
    answers = RecordedTools(run)
    tools = [_tool(name, answers) for name in found.tools]
    name = (
        None if found.name == "LangGraph" else found.name or None
    )  # what LangGraph calls those without a name
    return create_agent(ReplayModel(run), tools, system_prompt=found.system or None, name=name)


def _tool(name: str, answers: RecordedTools) -> StructuredTool:
    return StructuredTool.from_function(
        _taking(name, answers), name=name, description="Answers from a recorded run.", infer_schema=False,
        args_schema={"type": "object", "properties": {key: {} for key in answers.args_of(name)}},
    )  # fmt: skip


def _taking(name: str, answers: RecordedTools) -> Callable[..., Any]:
    def call(**args: Any) -> Any:
        return answers.take(name, args)

    return call
