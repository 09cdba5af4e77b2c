"""How LlamaIndex's objects are told wherever they turn up: what they say, without vectors and raw provider answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from llama_index.observability.steplog import _messages as messages
from steplog.integration import (
    MessageType,
    instance_field,
    live_dict,
    note_framework,
    plain_number,
    register_fields,
    register_message_type,
    type_name,
)

Fields = dict[str, Any]


def kept(fields: Fields) -> Fields:
    """The fields that say something."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and ((length := _length_of(type(value))) is None or length(value))
    }


@lru_cache(maxsize=4096)
def _length_of(cls: type) -> Callable[[Any], int] | None:
    """What counts the items of a list or dict of this class without the class's own code; None for any other class."""
    return next((base.__len__ for base in cls.__mro__ if base is list or base is dict), None)


def private_of(o: object) -> Mapping[str, Any]:
    """What one of pydantic's objects holds in its private attributes; empty for any other, and where it has none."""
    found = instance_field(o, "__pydantic_private__")
    return found if type(found) is dict else {}


def read_event(event: Any) -> Fields:
    """An event's declared fields and those it was given besides, which it keeps in a private dict."""
    found = kept(dict(live_dict(event)))
    found.pop("raw", None)
    private = private_of(event)
    if type(given := private.get("_data")) is dict and given:
        found |= kept(dict(given))
    if (result := private.get("_result")) is not None:
        found["result"] = result
    return found


def read_node(node: Any) -> Fields:
    """A node's id, text and metadata; neither its vector nor its relations."""
    found = live_dict(node)
    resource = found.get("text_resource")
    text = found.get("text") if resource is None else live_dict(resource).get("text")
    return kept({"id": found.get("id_"), "content": text, "metadata": found.get("metadata")})


def read_scored(scored: Any) -> Fields:
    """A node that was found, with its score."""
    found = live_dict(scored)
    node = read_node(found["node"]) if found.get("node") is not None else {}
    return kept({"id": node.pop("id", None), "score": plain_number(found.get("score"))}) | node


def read_query(query: Any) -> Fields:
    """A query's text and image; not its vector."""
    found = live_dict(query)
    return kept({name: found.get(name) for name in ("query_str", "image_path", "custom_embedding_strs")})


def read_response(response: Any) -> Fields:
    """A query engine's answer, and ids and scores of what it stands on; an unread stream stays unread."""
    found = live_dict(response)
    said = next(
        (found[k] for k in ("response", "response_txt", "response_gen", "chat_stream") if found.get(k)), None
    )
    sources = found.get("source_nodes")
    nodes = [read_scored(node) for node in sources] if type(sources) is list else []
    return kept(
        {"response": said, "source_nodes": [{k: n[k] for k in ("id", "score") if k in n} for n in nodes]}
    )


def held_output(response: Any) -> Fields:
    """What can be told of a streamed answer before it is read: what it stands on."""
    sources = read_response(response).get("source_nodes") if type(response).__name__ in _STREAMED else None
    return {"output": {"source_nodes": sources}} if sources else {}


def reply_text(reply: Any) -> Any:
    """A chat engine's streamed reply, once it is whole."""
    return read_response(reply).get("response") if type(live_dict(reply).get("response")) is str else None


def answer_of(message: Any) -> Any:
    """A model's answer as a value: the message itself where it is one, else its text."""
    return message.get("content") if type(message) is dict else message


def read_tool_output(output: Any) -> Fields:
    """A tool's answer as the model is told it; its raw form may be anything."""
    found = live_dict(output)
    blocks = found.get("blocks")
    return kept(
        {
            "tool_name": found.get("tool_name"),
            "content": messages.content_of(blocks) if type(blocks) is list else None,
            "is_error": found.get("is_error") or None,
        }
    )


def read_chat_response(response: Any) -> Fields:
    """A model's answer; its raw form was read already."""
    found = live_dict(response)
    return kept({name: found.get(name) for name in ("message", "text")})


def told(event: Any) -> Fields:
    """An event under its name: what a step was given or gave."""
    return {event_name(type(event)): read_event(event)}


@lru_cache(maxsize=4096)
def event_name(cls: type) -> str:
    """The name of an event's class, wherever that was defined."""
    return type_name(cls).rpartition(".")[2]


def _register_message(cls: type) -> None:
    register_message_type(cls, MessageType(messages.take_message, messages.same_message))


_STREAMED = ("StreamingResponse", "AsyncStreamingResponse", "StreamingAgentChatResponse")
_Register = Callable[[type], None]


def _reader(read: Callable[[Any], Fields]) -> _Register:
    return lambda cls: register_fields(cls, read)


_RESPONSES = "llama_index.core.base.response.schema"
_CHATS = "llama_index.core.chat_engine.types"
# Registered when the program has imported them: nothing of LlamaIndex is imported here.
_waiting: dict[tuple[str, str], _Register] = {
    ("workflows.events", "DictLikeModel"): _reader(read_event),
    ("llama_index.core.base.llms.types", "ChatMessage"): _register_message,
    ("llama_index.core.base.llms.types", "ChatResponse"): _reader(read_chat_response),
    ("llama_index.core.base.llms.types", "CompletionResponse"): _reader(read_chat_response),
    ("llama_index.core.schema", "BaseNode"): _reader(read_node),
    ("llama_index.core.schema", "NodeWithScore"): _reader(read_scored),
    ("llama_index.core.schema", "QueryBundle"): _reader(read_query),
    ("llama_index.core.tools.types", "ToolOutput"): _reader(read_tool_output),
    **{
        (_RESPONSES, name): _reader(read_response)
        for name in ("Response", "PydanticResponse", "StreamingResponse", "AsyncStreamingResponse")
    },
    **{
        (_CHATS, name): _reader(read_response) for name in ("AgentChatResponse", "StreamingAgentChatResponse")
    },
}
_VERSIONS = {"llama_index.core": "llama-index-core", "workflows": "llama-index-workflows"}
_versions_waiting = dict(_VERSIONS)
modules_seen = [0]  # how many there were when `register` last looked


def register() -> None:
    """Make the classes that are here by now known to every log of this process; for when modules came."""
    if modules_seen[0] == len(sys.modules):
        return
    modules_seen[0] = len(sys.modules)
    for module, name in tuple(_waiting):
        cls = getattr(sys.modules.get(module), name, None)
        if cls is not None:
            _waiting.pop((module, name))(cls)
    for module, distribution in tuple(_versions_waiting.items()):
        found = getattr(sys.modules.get(module), "__version__", None)
        if type(found) is str:
            note_framework(distribution, found)
            _versions_waiting.pop(module)
