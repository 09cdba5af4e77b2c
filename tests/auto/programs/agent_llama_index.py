"""A LlamaIndex agent that knows nothing of steplog: a function agent with one tool."""

import asyncio

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
from llama_index.core.llms import MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection


class Scripted(MockLLM, FunctionCallingLLM):
    """Asks for the tool once, then answers."""

    asked: int = 0

    @property
    def metadata(self):
        return LLMMetadata(is_function_calling_model=True, is_chat_model=True, model_name="scripted")

    def _prepare_chat_with_tools(self, tools, user_msg=None, chat_history=None, **kwargs):
        return {"messages": list(chat_history or [])}

    @llm_chat_callback()
    async def astream_chat(self, messages, **kwargs):
        self.asked += 1
        message = ChatMessage(role="assistant", content="" if self.asked == 1 else "42")

        async def answer():
            yield ChatResponse(message=message, delta=message.content)

        return answer()

    def get_tool_calls_from_response(self, response, error_on_no_tool_call=False, **kwargs):
        if self.asked > 1:
            return []
        return [ToolSelection(tool_id="call_1", tool_name="multiply", tool_kwargs={"a": 6, "b": 7})]


def multiply(a: int, b: int) -> int:
    """Multiplies."""
    return a * b


async def run() -> int:
    return int(
        str(
            await FunctionAgent(tools=[multiply], llm=Scripted(), name="agent").run(
                user_msg="How much is 6 times 7?"
            )
        )
    )


def agent() -> int:
    return asyncio.run(run())


def main() -> None:
    print(agent())


if __name__ == "__main__":
    main()
