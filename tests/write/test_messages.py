"""Messages of a framework's own: edits are seen against copies, not against what was edited."""

import pytest

import steplog
from steplog.integration import MessageType, register_message_type


class Said:
    def __init__(self, text, calls):
        self.text = text
        self.calls = calls


def _take(message):
    mark = (message.text, repr(message.calls))
    return mark, {"role": "assistant", "content": message.text, "tool_calls": message.calls}, (None, None)


def _same(message, mark):
    return (message.text, repr(message.calls)) == mark


register_message_type(Said, MessageType(_take, _same))


@pytest.mark.parametrize("content", ["full", "none"])
def test_an_edit_in_place_of_what_is_read_without_a_copy_is_told(content):
    sink = steplog.MemorySink()
    said = Said("one", [{"id": "c", "name": "look", "args": {"page": 1}}])
    with steplog.Recorder(sink=sink, content=content) as recorder, recorder.run("r") as run:
        for page in (1, 2, 2):
            said.calls[0]["args"]["page"] = page
            with run.llm(messages=[said]):
                pass
    starts = [record for record in sink.records if record["ev"] == "llm.start"]
    assert [start["prompt"] for start in starts] == ["1", "2", "2"]
    if content == "full":
        edited = starts[1]["messages"][0]
        assert (edited["m"], edited["like"]) == (2, 1)
        assert edited["tool_calls"][0]["args"] == {"page": 2}
        assert "messages" not in starts[2]
