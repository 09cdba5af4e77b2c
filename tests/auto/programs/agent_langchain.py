"""A LangChain agent that knows nothing of steplog: a prompt, a model, a tool."""

from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies."""
    return a * b


def agent() -> int:
    model = FakeListChatModel(responses=["6 times 7"])
    chain = (
        ChatPromptTemplate.from_messages([("user", "{question}")])
        | model
        | RunnableLambda(
            lambda answer: multiply.invoke({"a": int(answer.content[0]), "b": int(answer.content[-1])})
        )
    ).with_config(run_name="agent")
    return chain.invoke({"question": "How much is 6 times 7?"})


def main() -> None:
    print(agent())


if __name__ == "__main__":
    main()
