"""From LangChain's callback arguments to a line's fields: pure functions that read and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from langchain_steplog._graphs import checkpoint_of, is_command, is_graph
from steplog.integration import HandedDown, instance_dict, live_dict, plain_number, read_fields

Fields = dict[str, Any]

_OURS = ("ls_", "lc_", "langgraph_", "checkpoint_", "__pregel")
_LISTS = (tuple, list)
_BRIEF = 250  # characters of an error's message that its step repeats
_MOST_ANSWERS = 100
_NO_MESSAGES = frozenset({str, int, float, bool, dict, type(None)})  # types of results that can carry none
_WELL: Fields = {"status": None}
_STEPS = ("seq:step:", "graph:step:", "map:key:", "retry:attempt:", "langsmith:")
# Names in metadata, and tags, that are the frameworks' own, those met before included: each step has a dozen of them.
THEIR_NAMES: set[str] = {
    "thread_id", "session_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map", "versions",
}  # fmt: skip
THEIR_TAGS: set[str] = set()
_MOST_THEIRS = 256


def name_of(serialized: Any, given: Any) -> str | None:
    """A run's name: the one given, else the class in its serialized form (never the form itself: it may be huge)."""
    if type(given) is str and given:
        return given
    if type(serialized) is not dict:
        return None
    name = serialized.get("name")
    if type(name) is str and name:
        return name
    path = serialized.get("id")
    return path[-1] if type(path) is list and path and type(path[-1]) is str else None


def run_fields(metadata: Mapping[str, Any] | None, tags: list[str] | None) -> Fields:
    """What describes a whole run: framework, thread, the user's own tags and metadata."""
    metadata = metadata or {}
    return {
        "framework": "langgraph" if is_graph(metadata) else "langchain",
        "thread": _thread(metadata.get("thread_id", metadata.get("session_id"))),
        "tags": _own_tags(tags) or None if tags else None,
        "metadata": _own_metadata(metadata) or None,
    }


def handed_down(metadata: Mapping[str, Any] | None, tags: list[str] | None) -> HandedDown | None:
    """The program's own tags and metadata that hold in a step; None where there are none, as for most."""
    mine = _own_metadata(metadata) if metadata else None
    own = _own_tags(tags) if tags else None
    return HandedDown(own or (), mine or {}) if mine or own else None


def _own_metadata(metadata: Mapping[str, Any]) -> Fields:
    """Metadata without what LangChain and LangGraph put there."""
    return {name: value for name, value in metadata.items() if not _is_theirs(name, THEIR_NAMES, _OURS)}


def _own_tags(tags: list[str]) -> list[str]:
    return [tag for tag in tags if type(tag) is str and not _is_theirs(tag, THEIR_TAGS, _STEPS)]


def _is_theirs(name: Any, known: set[str], beginnings: tuple[str, ...]) -> bool:
    """Whether a name in metadata, or a tag, is one of LangChain's or LangGraph's; those that are become `known`."""
    if type(name) is not str:
        return False
    if name in known:
        return True
    if not name.startswith(beginnings):
        return False
    if len(known) < _MOST_THEIRS:
        known.add(name)
    return True


def _thread(thread: Any) -> str | None:
    return thread if type(thread) is str else str(thread) if type(thread) in (int, UUID) else None


def place_of(
    name: str | None, metadata: Mapping[str, Any] | None, tags: list[str] | None
) -> tuple[Fields, str | None]:
    """What a chain run's tags and metadata say of it; and, of a graph's node or task, the checkpoint namespace it has.

    A node has a tag with the step of its graph, a task is known by its path; other runs in a graph have neither.
    """
    fields: Fields = {}
    is_node = False
    for tag in tags or ():
        if tag.startswith("graph:step:"):
            is_node = True
        elif tag.startswith("retry:attempt:"):
            fields["attempt"] = _number_in(tag)
    if not metadata or name is None or name != metadata.get("langgraph_node"):
        return fields, None
    if not is_node:
        path = metadata.get("langgraph_path")
        if type(path) is not tuple or len(path) != 4 or path[0] != "__pregel_push" or path[3] is not True:
            return fields, None
    fields["step_in_graph"] = metadata.get("langgraph_step")
    triggers: Any = metadata.get("langgraph_triggers")
    fields["triggers"] = list(triggers) or None if type(triggers) in _LISTS else None
    if "thread_id" in metadata:
        fields["checkpoint"] = checkpoint_of(metadata)
    return fields, str(metadata.get("langgraph_checkpoint_ns") or "")


def chain_input(inputs: Any) -> Any:
    """What a run was given; nothing for what says nothing."""
    if type(inputs) is dict:
        # What LangChain gives for the input of a stream that has not been read: {"input": ""}.
        is_placeholder = len(inputs) == 1 and type(inputs.get("input")) is str and not inputs["input"]
        return None if not inputs or is_placeholder else inputs
    if is_command(inputs):
        return _command(inputs)
    return None if inputs is None or (type(inputs) in (list, str) and not inputs) else inputs


def chain_end(outputs: Any) -> Fields:
    """What a run gave back."""
    return {"output": chain_output(outputs)}


def chain_output(outputs: Any) -> Any:
    """What a run gave back; a graph's `Command` as what it says."""
    if type(outputs) is list and outputs and all(map(is_command, outputs)):
        return _command(outputs[0]) if len(outputs) == 1 else [_command(o) for o in outputs]
    return chain_input(outputs)


def _command(value: Any) -> Any:
    found = {
        name: said
        for name, said in read_fields(value).items()
        if said is not None and not (type(said) in _LISTS and not said)
    }
    return found["update"] if len(found) == 1 and "update" in found else found


def tool_end(output: Any) -> Fields:
    """A tool's result; an error that the tool or its node caught and told the model of is this step's error."""
    if type(output) in _NO_MESSAGES:
        return {"result": chain_input(output)}
    found = live_dict(output)
    if found.get("type") == "tool" and "tool_call_id" in found:
        return {"message": output, **(_failure([output]) if found.get("status") == "error" else _WELL)}
    return {"result": chain_output(output), **_failure(_messages_in(output))}


def _failure(messages: list[Any]) -> Fields:
    """The status and the error of a step, where one of these messages tells a model that its tool call failed."""
    for message in messages:
        found = live_dict(message)
        if found.get("status") == "error" and found.get("type") == "tool":
            error: Fields = {"type": type(message).__name__}
            if said := _text_in(found.get("content")):
                # In full it stands in the message.
                error["message"] = said if len(said) <= _BRIEF else said[:_BRIEF] + "…"
            return {"status": "error", "error": error}
    return _WELL


def _text_in(content: Any) -> str:
    """The text of a message's content, which may be a list of blocks, as from MCP's tools."""
    if type(content) is str:
        return content
    blocks = content[:_MOST_ANSWERS] if type(content) is list else []
    texts = [block.get("text") if type(block) is dict else block for block in blocks]
    return " ".join(text for text in texts if type(text) is str)


def _messages_in(output: Any) -> list[Any]:
    """What a tool answers with several things at once: the items of a list, the messages that commands carry."""
    found: list[Any] = []
    for one in output[:_MOST_ANSWERS] if type(output) is list else [output]:
        if is_command(one):
            update = read_fields(one).get("update")
            messages = update.get("messages") if type(update) is dict else None
            found += messages[:_MOST_ANSWERS] if type(messages) is list else []
        else:
            found.append(one)
    return found


def retriever_end(documents: Any) -> Fields:
    """The documents found, with their scores where the metadata have one."""
    return {"documents": [_document(d) for d in documents] if type(documents) is list else documents}


def _document(document: Any) -> Any:
    found = instance_dict(document)
    if "page_content" not in found:
        return document
    metadata = found.get("metadata")
    meta: Mapping[str, Any] = metadata if type(metadata) is dict else {}
    scores = (plain_number(meta.get(k)) for k in ("score", "relevance_score", "_score"))
    score = next((found for found in scores if found is not None), None)
    shown = {
        "id": found.get("id"),
        "score": score,
        "content": found.get("page_content"),
        "metadata": metadata or None,
    }
    return {k: v for k, v in shown.items() if v is not None}


def attempt(tags: list[str] | None) -> int | None:
    """The number of an attempt that `with_retry` made; None for a first one."""
    for tag in reversed(tags) if tags else ():
        if tag.startswith("retry:attempt:"):
            return _number_in(tag)
    return None


def _number_in(tag: str) -> int | None:
    number = tag.rpartition(":")[2]
    return int(number) if number.isdigit() else None
