"""A LangGraph agent that knows nothing of steplog: a loop of model and tools."""

from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool


class Scripted(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies."""
    return a * b


def agent() -> int:
    call = {"name": "multiply", "args": {"a": 6, "b": 7}, "id": "call_1", "type": "tool_call"}
    answers = [AIMessage("", tool_calls=[call]), AIMessage("42")]
    graph = create_agent(Scripted(messages=iter(answers)), [multiply], name="agent")
    return int(graph.invoke({"messages": [("user", "How much is 6 times 7?")]})["messages"][-1].content)


def main() -> None:
    print(agent())


if __name__ == "__main__":
    main()
