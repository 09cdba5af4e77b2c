"""Versions of real agents of LangChain's, recorded as programs record them: prompt, tools and model as the framework gives them."""

import pytest

import steplog
from steplog import ask
from steplog._ask.version_diff import version_diff

pytest.importorskip("langchain", reason="langchain, which the agents are made of, is not installed")

NAMES = ["Ann", "Bob", "Cyd", "Dan", "Eve"]


def serve(path, *, prompt, tools, model="gpt-4o"):
    """A deployment: five users ask an agent, each with a prompt that names the user and the day."""
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    from langchain_steplog import StepLogHandler

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools, **given):
            from langchain_core.utils.function_calling import convert_to_openai_tool

            return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **given)

        def _get_ls_params(self, stop=None, **_):
            return {"ls_provider": "openai", "ls_model_name": model, "ls_model_type": "chat"}

    with StepLogHandler(path) as handler:
        for number, name in enumerate(NAMES):
            call = {"id": "c1", "name": "look_up", "args": {"order": 17}}
            answers = [AIMessage("", tool_calls=[call]), AIMessage("done")]
            system = f"You help {name}. Today is 2026-11-{number + 10}.\n{prompt}"
            agent = create_agent(Model(messages=iter(answers)), tools, system_prompt=system, name="shop")
            agent.invoke({"messages": [("user", f"where is order {number}?")]}, {"callbacks": [handler]})


def test_a_changed_prompt_tool_text_and_model_are_versions_of_an_agent(tmp_path):
    from langchain_core.tools import tool

    def look_up(order: int) -> str:
        """Look an order up."""
        return f"order {order}"

    first = tool(look_up)
    look_up.__doc__ = "Look an order or an invoice up."
    second = tool(look_up)
    path = tmp_path / "log"
    serve(path, prompt="Be brief.", tools=[first])
    serve(path, prompt="Be brief.", tools=[first])
    serve(path, prompt="Be kind.", tools=[first])
    serve(path, prompt="Be kind.", tools=[second])
    serve(path, prompt="Be kind.", tools=[second], model="gpt-5")
    found = ask.versions(steplog.read(path))
    told = [(each.name, each.runs, each.changed) for each in found]
    if not found[0].tools.get("look_up"):
        pytest.fail(f"the definitions of the tools are not in the log: {found[0].tools}")
    assert told == [
        ("shop v1", 10, ()),
        ("shop v2", 5, ("prompt",)),
        ("shop v3", 5, ("tools",)),
        ("shop v4", 5, ("model",)),
    ]
    (tools,) = version_diff(found[1], found[2]).changes
    assert tools.name == "look_up"
    assert "{+or an invoice+}" in tools.words
