"""Where prompts lost messages is found with what went and by whom; a conversation that only grows has none."""

import pytest

import steplog
from steplog import ask


def record(path, prompts):
    """A run with one model call a prompt, each a list of texts by role."""
    with steplog.Recorder(path) as recorder, recorder.run("r") as run:
        for at, prompt in enumerate(prompts):
            messages = [{"role": role, "content": text} for role, text in prompt]
            with run.llm(model="m", messages=messages) as call:
                call.set(
                    message={"role": "assistant", "content": f"answer {at}"},
                    usage={"input_tokens": 100 * len(prompt)},
                )
    return steplog.read(path).run("@last")


U, A, S = "user", "assistant", "system"


def test_a_prompt_that_only_grows_has_none(tmp_path):
    run = record(tmp_path / "a", [[(U, "1")], [(U, "1"), (A, "answer 0"), (U, "2")]])
    assert ask.compactions(run) == ()


def test_calls_for_another_purpose_are_no_compaction(tmp_path):
    run = record(
        tmp_path / "a",
        [[(S, "help"), (U, "1")], [(S, "name the topic"), (U, "1")], [(S, "help"), (U, "1"), (U, "2")]],
    )
    assert ask.compactions(run) == ()


def test_messages_that_only_went_were_trimmed(tmp_path):
    run = record(
        tmp_path / "a",
        [[(S, "help"), (U, "1"), (A, "x"), (U, "2")], [(S, "help"), (U, "2"), (A, "answer 0"), (U, "3")]],
    )
    (found,) = ask.compactions(run)
    assert (found.kind, found.before, found.step) == ("trimmed", 1, 2)
    assert [gone.text for gone in found.gone] == ["1", "x"]
    assert (found.tokens_before, found.tokens_after) == (400, 400)


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    """Runs of LangChain's own middleware."""
    pytest.importorskip("langchain")
    from langchain.agents import create_agent
    from langchain.agents.middleware import (
        ClearToolUsesEdit,
        ContextEditingMiddleware,
        SummarizationMiddleware,
    )
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.tools import tool

    from langchain_steplog import StepLogHandler

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools, **_):
            return self.bind(tools=[{"type": "function", "function": {"name": each.name}} for each in tools])

    @tool
    def look(q: str) -> str:
        """Look."""
        return f"about {q}: " + "x " * 200

    def answers():
        for number in range(4):
            yield AIMessage(
                "", tool_calls=[{"name": "look", "args": {"q": f"thing {number}"}, "id": f"c{number}"}]
            )
        yield AIMessage("done")

    summary = Model(
        messages=iter([AIMessage("SUMMARY: things were asked for and answered.")] * 9), name="summariser"
    )
    path = tmp_path_factory.mktemp("middleware") / "logs"
    config = {"callbacks": [StepLogHandler(path)]}
    for name, middleware in (
        ("sum", SummarizationMiddleware(model=summary, trigger=("messages", 6), keep=("messages", 3))),
        ("edit", ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=300, keep=1)])),
    ):
        agent = create_agent(
            Model(messages=answers()), [look], system_prompt="Help.", middleware=[middleware], name=name
        )
        agent.invoke({"messages": [("user", "find things")]}, config)
    return {run.name: run for run in steplog.read(path).runs}


def test_a_summary_is_told_with_the_node_and_the_model_call_that_made_it(agents):
    found = ask.compactions(agents["sum"])
    assert [each.kind for each in found] == ["summarised"] * len(found)
    first = found[0]
    assert first.by_names == ("node SummarizationMiddleware.before_model", "llm summariser")
    assert [gone.role for gone in first.gone][:2] == ["user", "assistant"]
    assert "SUMMARY: things" in first.added[0].text


def test_results_that_were_cleared_were_rewritten_in_place(agents):
    found = ask.compactions(agents["edit"])
    assert {each.kind for each in found} == {"edited"}
    assert all(gone.became is not None and gone.role == "tool" for each in found for gone in each.gone)
