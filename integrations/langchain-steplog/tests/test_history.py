"""Prompts that grow turn by turn: whatever was done to an earlier message is in the log when it is sent again."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from steplog import read


def conversation():
    call = {"name": "look", "args": {"page": 1, "deep": {"a": [1]}}, "id": "call_1", "type": "tool_call"}
    return [
        SystemMessage("Be brief.", id="s"),
        HumanMessage("one", id="h"),
        AIMessage("", tool_calls=[call], id="a"),
        ToolMessage("found", tool_call_id="call_1", id="t"),
        AIMessage([{"type": "text", "text": "two"}], id="b"),
        HumanMessage("three", id="i"),
    ]


def set_content(messages):
    messages[1].content = "[removed]"


def edit_a_block(messages):
    messages[4].content[0]["text"] = "2"


def edit_an_argument(messages):
    messages[2].tool_calls[0]["args"]["deep"]["a"].append(2)


def add_to_kwargs(messages):
    messages[3].additional_kwargs["cache_control"] = {"type": "ephemeral"}


def rename(messages):
    messages[1].name = "joe"


def replace_by_a_copy(messages):
    messages[3] = messages[3].model_copy(update={"content": "[cleared]"})


def drop_one(messages):
    del messages[1]


def put_one_between(messages):
    messages.insert(2, HumanMessage("between", id="n"))


def swap(messages):
    messages[0], messages[1] = messages[1], messages[0]


def nothing(messages):
    pass


def an_equal_copy(messages):
    messages[2] = messages[2].model_copy(deep=True)


def the_same_number_in_another_type(messages):
    copy = messages[2].model_copy(deep=True)
    copy.tool_calls[0]["args"]["page"] = True
    messages[2] = copy


EDITS = [
    set_content, edit_a_block, edit_an_argument, add_to_kwargs, rename, replace_by_a_copy, drop_one, put_one_between,
    swap, nothing, an_equal_copy, the_same_number_in_another_type,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_each_prompt_reads_as_it_was_sent(tmp_path, edit):
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.runnables import RunnableLambda

    from langchain_steplog import StepLogHandler

    handler = StepLogHandler(tmp_path)
    model = FakeListChatModel(responses=["ok"])
    sent = []

    def program(_):
        messages = conversation()
        for turn in range(6):
            if turn == 3:
                edit(messages)
            sent.append([_told(message) for message in messages])
            model.invoke(messages)
            messages = [*messages, HumanMessage(f"more {turn}", id=f"m{turn}")]
        return "done"

    RunnableLambda(program).invoke("x", {"callbacks": [handler]})
    handler.close()
    (run,) = read(tmp_path).runs
    calls = [step for step in run.steps if step.kind == "llm"]
    assert [[_read(message) for message in run.prompt(call)] for call in calls] == sent
    in_full = sum(len(call.fields.get("messages", ())) for call in calls)
    assert in_full <= 11 + (edit not in (nothing, drop_one, swap, an_equal_copy))


def _told(message):
    calls = [(c["id"], _frozen(c["args"])) for c in getattr(message, "tool_calls", [])]
    return (_frozen(message.content), calls, message.id, message.name, _frozen(message.additional_kwargs))


def _read(message):
    calls = [(c["id"], _frozen(c["args"])) for c in message.get("tool_calls", [])]
    return (
        _frozen(message.get("content", "")),
        calls,
        message["id"],
        message.get("name"),
        _frozen(message.get("extra", {})),
    )


def _frozen(value):
    """What a value is at this moment."""
    return repr(value)


def test_a_field_that_cannot_be_compared_is_looked_at_and_loses_nothing(tmp_path):
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.runnables import RunnableLambda

    from langchain_steplog import StepLogHandler

    class Table:
        def __eq__(self, other):
            raise ValueError("ambiguous")

        __hash__ = None

    handler = StepLogHandler(tmp_path)
    model = FakeListChatModel(responses=["ok"])

    def program(_):
        messages = conversation()
        for turn in range(4):
            messages[3].artifact = Table()
            model.invoke(messages)
            messages = [*messages, HumanMessage(f"more {turn}", id=f"m{turn}")]

    RunnableLambda(program).invoke("x", {"callbacks": [handler]})
    handler.close()
    (run,) = read(tmp_path).runs
    assert [len(run.prompt(step)) for step in run.steps if step.kind == "llm"] == [6, 7, 8, 9]
    assert b"log.error" not in next(tmp_path.glob("*.jsonl")).read_bytes()
