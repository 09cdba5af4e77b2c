"""What a message holds, in words: the answer first, then what else there was, whoever's blocks they are."""

import pytest

from steplog._show.content_blocks import in_words, is_content, parts_of
from steplog._show.preview import brief, message_text

PNG = {"$blob": {"type": "image/png", "bytes": 7885, "sha256": "ab"}}
SIGNATURE = "EqQBCkYIBRgCKkA" * 40


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        # Anthropic
        (
            [{"type": "thinking", "thinking": "Nine is cold.", "signature": SIGNATURE}, {"type": "text", "text": "Cold."}],
            "Cold. <thinking: Nine is cold.>",
        ),
        ([{"type": "redacted_thinking", "data": "x" * 300}, {"type": "text", "text": "Hi"}], "Hi <redacted thinking: 300 B>"),
        (
            [{"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "tea"}}],
            "<web_search(tea)>",
        ),
        (
            [{"type": "web_search_tool_result", "content": [{"title": "Tea", "url": "https://t.example"}]}],
            "<web_search_tool_result: Tea>",
        ),
        ([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}], "<image/png, 7.7 kB>"),
        ([{"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}], "<image, https://x.example/a.png>"),
        (
            [{"type": "text", "text": "So.", "citations": [{"document_title": "Rules", "cited_text": "…"}]}],
            "So. <cites: Rules>",
        ),
        # OpenAI
        ([{"type": "image_url", "image_url": {"url": PNG}}], "<image/png, 7.7 kB>"),
        ([{"type": "input_file", "filename": "a.pdf", "file_data": {"$blob": {"type": "application/pdf", "bytes": 2048}}}], "<application/pdf, a.pdf, 2.0 kB>"),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Look."}]}], "<reasoning: Look.>"),
        ([{"type": "reasoning", "id": "rs_1", "summary": []}], "<reasoning: kept by the provider>"),
        ([{"type": "web_search_call", "action": {"type": "search", "query": "berlin"}}], "<web_search(berlin)>"),
        ([{"type": "refusal", "refusal": "I may not."}], "<refusal: I may not.>"),
        (
            [{"type": "output_text", "text": "It rains.", "annotations": [{"type": "url_citation", "title": "W", "url": "https://w.example"}]}],
            "It rains. <cites: W https://w.example>",
        ),
        ([{"type": "input_audio", "input_audio": {"data": {"$blob": {"type": "base64", "bytes": 10}}, "format": "wav"}}], "<wav, 10 B>"),
        # Gemini, through LangChain
        ([{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "9"}], "9 <reasoning: Hm.>"),
        ([{"type": "executable_code", "code": "1+1"}, {"type": "code_execution_result", "output": "2"}], "<executable_code(1+1)> <code_execution_result: 2>"),
        # MCP
        ([{"type": "resource", "resource": {"uri": "file:///a.txt", "mimeType": "text/plain", "text": "hello"}}], "hello <text/plain, file:///a.txt>"),
        # LlamaIndex
        (
            [{"block_type": "text", "text": "What?"}, {"block_type": "image", "image": PNG, "image_mimetype": "image/png"}],
            "What? <image/png, 7.7 kB>",
        ),
        ([{"block_type": "document", "data": {"$blob": {"type": "application/pdf", "bytes": 512}}, "title": "r.pdf"}], "<application/pdf, r.pdf, 512 B>"),
        ([{"block_type": "thinking", "content": "Hm."}, {"block_type": "text", "text": "9"}], "9 <thinking: Hm.>"),
        # wrapped, unknown, plain
        ([{"type": "non_standard", "value": {"type": "text", "text": "inside"}}], "inside"),
        ([{"type": "hologram", "depth": 3}], '<hologram: {"depth": 3}>'),
        (["one", {"type": "text", "text": "two"}], "one two"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_content_in_words(blocks, words):
    assert in_words(blocks) == words


def test_a_call_that_stands_beside_the_content_is_shown_once():
    content = [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "t1", "name": "search", "input": {"q": "x"}},
    ]
    message = {
        "role": "assistant",
        "content": content,
        "tool_calls": [{"id": "t1", "name": "search", "args": {"q": "x"}}],
    }
    assert message_text(message) == 'I look. search({"q": "x"})'


def test_a_call_that_stands_in_the_content_alone_is_shown():
    content = [{"type": "tool_use", "id": "t1", "name": "search", "input": {"q": "x"}}]
    assert message_text({"role": "assistant", "content": content}) == '<search({"q": "x"})>'


def test_a_spoken_answer_shows_its_transcript():
    audio = {"id": "a1", "data": {"$blob": {"type": "base64", "bytes": 1024}}, "transcript": "Nine degrees."}
    assert (
        message_text({"role": "assistant", "content": "", "extra": {"audio": audio}})
        == "Nine degrees. <audio, 1.0 kB>"
    )


def test_a_signature_is_never_shown():
    part = parts_of([{"type": "thinking", "thinking": "", "signature": SIGNATURE}])[0]
    assert SIGNATURE not in part.text


@pytest.mark.parametrize("value", [[], "text", {"a": 1}, [{"a": 1}], [1, 2], None, [{"type": 3}]])
def test_what_is_no_content_is_not_taken_for_it(value):
    assert not is_content(value)


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "text"},
        {"type": "text", "text": None},
        {"type": "image"},
        {"type": "reasoning", "summary": "x"},
        {"type": "tool_use"},
        {"type": "x_result", "content": 3},
        {"type": "document", "source": []},
    ],
)
def test_odd_blocks_are_shown_and_raise_nothing(odd):
    in_words([odd])


def test_a_state_with_many_keys_is_its_last_message():
    state = {
        "topic": "tea",
        "notes": ["a"],
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "the answer"}],
    }
    assert brief(state) == "the answer"
