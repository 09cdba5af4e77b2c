"""Where a recorded run goes on from one of its steps, in LangGraph's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig

from steplog import Run, Step, ask


@dataclass(frozen=True)
class Fork:
    """Where to go on from: `config`, or, where no checkpointer was in use (None), the `messages` to start from.

    `messages` are without the system message, which an agent puts there itself; it is `system`.
    """

    config: RunnableConfig | None
    messages: list[BaseMessage]
    system: str


def fork(run: Run, step: Step | int) -> Fork:
    """The config with which LangGraph goes on from the checkpoint before this step, or the messages to start from.

    ```python
    place = fork(steplog.read("logs").run("@last"), 2)
    if place.config is not None:
        graph.invoke(None, place.config)
    else:
        graph.invoke({"messages": place.messages})
    ```

    The state is the checkpointer's, so the graph must have the one that it had when the run was recorded. Raises
    `steplog.NotFound` if there is no such step, or nothing to go on from.
    """
    found = ask.fork(run, step)
    given: Any = [
        {"content": "", **{name: value for name, value in message.items() if name != "extra"}}
        for message in found.messages
    ]
    return Fork(cast("RunnableConfig | None", found.config), convert_to_messages(given), found.system)
