"""A message's content in words: what was answered first, then what else there was, each in a few words or in full.

Providers and frameworks write content as a list of blocks, each with a `type` (LangChain, OpenAI, Anthropic, Gemini, MCP) or a
`block_type` (LlamaIndex). One table here knows them all; a block of a type that nobody knows is shown by its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from steplog._format.record import BLOB
from steplog._show.markers import marker_text
from steplog._show.media_blocks import media_in_words, type_of
from steplog._show.terminal_text import as_json
from steplog._show.units import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from steplog._format.record import Json, Record

_CALL: Final = "call"
_MEDIA: Final = "media"
_SERVER: Final = "server tool"
_SAID: Final = frozenset(
    {"text", "output_text", "input_text", "text-plain", "summary_text", "reasoning_text"}
)
# In a row of one line: what was done before what was thought.
_LAST: Final = frozenset({"thinking", "redacted thinking", "reasoning", "cites"})


class Part(NamedTuple):
    """A piece of a content. `label` is empty for what was said; else it says what the piece is: `thinking`, `image/png`.

    `text` is what there is to read of it: words, a name and size, a call. `call_id` is the id of a tool call that a block is
    about, so that a call which stands beside the content, too, is shown once.
    """

    label: str
    text: str
    call_id: str = ""


def parts_of(content: Json) -> list[Part]:
    """The pieces of a content in the order in which they stand; a text is one piece."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Part("", content)]
    blocks = cast("list[Json]", content) if isinstance(content, list) else [content]
    return [part for block in blocks for part in _parts_of_block(block)]


def is_content(value: Json) -> bool:
    """Whether a value is a list of content blocks, or one of them."""
    blocks = cast("list[Json]", value) if isinstance(value, list) else [value]
    return bool(blocks) and all(
        isinstance(block, dict) and bool(type_of(cast("Record", block))) for block in blocks
    )


def in_words(content: Json, *, without_calls: frozenset[str] = frozenset()) -> str:
    """A content on one line: what was said, then `<image/png, 7.7 kB>`, `<thinking: …>`, `<web_search(…)>`.

    Calls whose ids are in `without_calls` are left out: they are shown elsewhere.
    """
    parts = [part for part in parts_of(content) if not (part.call_id and part.call_id in without_calls)]
    said = [part.text for part in parts if not part.label]
    asides = sorted((part for part in parts if part.label), key=lambda part: part.label in _LAST)
    return " ".join([*said, *map(aside, asides)])


def aside(part: Part) -> str:
    """A piece that is not what was said, in angle brackets."""
    if not part.text:
        return f"<{part.label}>"
    return f"<{part.text}>" if part.label in (_CALL, _MEDIA, _SERVER) else f"<{part.label}: {part.text}>"


# -- one block


def _parts_of_block(block: Json) -> list[Part]:
    if isinstance(block, str):
        return [Part("", block)]
    if not isinstance(block, dict):
        return [] if block is None else [Part("", as_json(block))]
    mapping = cast("Record", block)
    kind = type_of(mapping)
    if kind in _SAID or (not kind and "text" in mapping):
        return [Part("", _words(mapping.get("text"))), *_citations(mapping)]
    known = _KNOWN.get(kind)
    if known is not None:
        return known(mapping)
    if kind.endswith("_call"):
        return [_server_call(mapping, kind.removesuffix("_call"))]
    if kind.endswith(("_result", "_output")):
        return [_result(mapping, kind)]
    marker = marker_text(mapping)
    if marker is not None:
        return [Part(_MEDIA, marker.strip("<>"))] if BLOB in mapping else [Part("", marker)]
    return [
        Part(kind or "block", _words({k: v for k, v in mapping.items() if k not in ("type", "block_type")}))
    ]


def _words(value: Json) -> str:
    """A value inside a block as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    marker = marker_text(value)
    return as_json(value) if marker is None else marker


def _thinking(block: Record) -> list[Part]:
    return [Part("thinking", _words(block.get("thinking") or block.get("content") or block.get("text")))]


def _redacted(block: Record) -> list[Part]:
    return [Part("redacted thinking", size(len(str(block.get("data") or ""))))]


def _reasoning(block: Record) -> list[Part]:
    """OpenAI's is a list of summaries, LangChain's a text; where both are empty it was kept by the provider."""
    summary = block.get("summary")
    said = [part.text for part in parts_of(summary)] if isinstance(summary, list) else []
    text = " ".join([_words(block.get("reasoning") or block.get("content")), *said]).strip()
    return [Part("reasoning", text or "kept by the provider")]


def _call(block: Record) -> list[Part]:
    given = next((block[name] for name in ("input", "args", "arguments", "tool_kwargs") if name in block), {})
    name = block.get("name") or block.get("tool_name") or "?"
    call_id = block.get("id") or block.get("call_id") or block.get("tool_call_id") or ""
    return [Part(_CALL, f"{name}({_words(given)})", str(call_id))]


def _server_call(block: Record, name: str) -> Part:
    """A tool that the provider calls itself: `web_search(berlin weather)`."""
    action = block.get("action")
    given = cast("Record", action) if isinstance(action, dict) else block
    asked = next(
        (given[k] for k in ("query", "queries", "input", "args", "arguments", "code", "url") if given.get(k)),
        "",
    )
    if isinstance(asked, dict) and len(cast("Record", asked)) == 1:
        asked = next(iter(cast("Record", asked).values()))
    return Part(_SERVER, f"{block.get('name') or name}({_words(asked)})")


def _result(block: Record, kind: str) -> Part:
    held = next(
        (block[name] for name in ("content", "output", "results", "outputs") if block.get(name) is not None),
        None,
    )
    if isinstance(held, list):
        items = cast("list[Json]", held)
        titles = [
            str(cast("Record", i).get("title"))
            for i in items
            if isinstance(i, dict) and cast("Record", i).get("title")
        ]
        if titles:
            return Part(kind, "; ".join(titles))
        return Part(kind, in_words(items) if is_content(items) else f"{len(items)} results")
    return Part(kind, _words(held))


def _citations(block: Record) -> list[Part]:
    found: list[Part] = []
    for name in ("annotations", "citations"):
        cited = block.get(name)
        for one in cast("list[Json]", cited) if isinstance(cited, list) else ():
            facts = cast("Record", one) if isinstance(one, dict) else {}
            inner = facts.get("url_citation")
            facts = cast("Record", inner) if isinstance(inner, dict) else facts
            where = (
                facts.get("url")
                or facts.get("filename")
                or facts.get("document_title")
                or facts.get("file_id")
            )
            words = [str(word) for word in (facts.get("title"), where) if word]
            found.append(Part("cites", " ".join(dict.fromkeys(words)) or _words(one)))
    return found


def _media(block: Record) -> list[Part]:
    said, words = media_in_words(block)
    return [*(Part("", text) for text in said), Part(_MEDIA, words)]


def _refusal(block: Record) -> list[Part]:
    return [Part("refusal", _words(block.get("refusal")))]


def _wrapped(block: Record) -> list[Part]:
    """LangChain puts a block that it has no word for under `value`, LlamaIndex a block to be cached or cited under others."""
    inner = next(
        (
            block[name]
            for name in ("value", "cache_control_block", "block", "content", "source_content")
            if block.get(name)
        ),
        None,
    )
    if inner is None:
        return [Part(type_of(block), "")]
    return parts_of(inner)


_KNOWN: Final[dict[str, Callable[[Record], list[Part]]]] = {
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "reasoning": _reasoning,
    "reasoning_content": _thinking,
    **dict.fromkeys(("tool_use", "tool_call", "function_call", "invalid_tool_call", "tool_call_chunk"), _call),
    **dict.fromkeys(
        ("server_tool_use", "server_tool_call", "mcp_tool_use", "code_interpreter_call", "executable_code"),
        lambda block: [_server_call(block, type_of(block))],
    ),
    **dict.fromkeys(
        ("image", "image_url", "input_image", "audio", "input_audio", "video", "file", "input_file", "document", "media", "resource",
         "resource_link", "image_file"),
        _media,
    ),
    "refusal": _refusal,
    **dict.fromkeys(("non_standard", "cache", "citable", "citation"), _wrapped),
}  # fmt: skip
