"""From LangChain's callback arguments to a line's fields: pure functions that read and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steplog.integration import instance_dict, read_fields

Fields = dict[str, Any]

_PARAMS = (
    "temperature", "max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "num_predict",
    "top_p", "top_k", "stop", "stop_sequences", "seed", "n", "frequency_penalty", "presence_penalty", "tool_choice",
    "parallel_tool_calls", "response_format", "reasoning_effort", "reasoning", "thinking", "logprobs", "service_tier",
)  # fmt: skip
_LS_PARAMS = {"ls_temperature": "temperature", "ls_max_tokens": "max_tokens", "ls_stop": "stop"}
_OURS = ("ls_", "lc_", "langgraph_", "checkpoint_", "__pregel")
_INTERNAL = frozenset(
    {"thread_id", "session_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map", "versions"}
)
_GRAPHS = frozenset({"langgraph", "langchain_create_agent", "deepagents"})
_FINISH = ("finish_reason", "stop_reason", "stopReason", "done_reason", "status")


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


def call_name(serialized: Any, given: Any, fields: Mapping[str, Any]) -> str | None:
    """A call's name; for a model whose own name is known, only one that the program gave it."""
    return name_of(None if fields.get("model") else serialized, given)


def run_fields(metadata: Mapping[str, Any] | None, tags: list[str] | None) -> Fields:
    """What describes a whole run: framework, thread, the user's own tags and metadata."""
    metadata = metadata or {}
    graph = metadata.get("ls_integration") in _GRAPHS or "langgraph_step" in metadata
    thread = metadata.get("thread_id", metadata.get("session_id"))
    mine = {k: v for k, v in metadata.items() if k not in _INTERNAL and not str(k).startswith(_OURS)}
    return {
        "framework": "langgraph" if graph else "langchain",
        "thread": None
        if thread is None
        else thread
        if type(thread) is str
        else f"{thread}"
        if type(thread) is int
        else None,
        "tags": [tag for tag in tags or () if not tag.startswith(("seq:step:", "graph:step:", "map:key:"))]
        or None,
        "metadata": mine or None,
    }


def graph_node(name: str | None, metadata: Mapping[str, Any] | None, tags: list[str] | None) -> bool:
    """Whether a chain run is a graph's node: langgraph tags these, and only these, with the step of the graph."""
    return (
        bool(metadata)
        and name == metadata.get("langgraph_node")
        and any(t.startswith("graph:step:") for t in tags or ())
    )


def node_start(metadata: Mapping[str, Any]) -> Fields:
    """A node's place in its graph and, with a checkpointer, the checkpoint to come back to."""
    fields: Fields = {
        "step_in_graph": metadata.get("langgraph_step"),
        "triggers": [t for t in metadata.get("langgraph_triggers") or () if type(t) is str] or None,
    }
    thread = metadata.get("thread_id")
    if thread is not None:
        found = {
            "thread_id": thread,
            "ns": metadata.get("langgraph_checkpoint_ns"),
            "id": metadata.get("checkpoint_id"),
        }
        fields["checkpoint"] = {k: v for k, v in found.items() if v is not None}
    return fields


def chain_input(inputs: Any) -> Any:
    """What a run was given; nothing for what says nothing."""
    return None if inputs is None or (type(inputs) in (dict, list, str) and not inputs) else inputs


def chain_output(outputs: Any) -> Any:
    """What a run gave back; a graph's `Command` as what it says."""
    if type(outputs) is list and outputs and all(_is_command(o) for o in outputs):
        said = [_command(o) for o in outputs]
        return said[0] if len(said) == 1 else said
    return _command(outputs) if _is_command(outputs) else chain_input(outputs)


def _is_command(value: Any) -> bool:
    cls = type(value)
    return cls.__name__ == "Command" and cls.__module__.startswith("langgraph.")


def _command(value: Any) -> Any:
    found = {k: v for k, v in read_fields(value).items() if v is not None and v != () and v != []}
    return found["update"] if list(found) == ["update"] else found


def llm_start(serialized: Any, messages: list[Any], kwargs: Mapping[str, Any]) -> Fields:
    """A model call's model, provider, parameters, tools and prompt."""
    metadata: Mapping[str, Any] = kwargs.get("metadata") or {}
    asked: Mapping[str, Any] = kwargs.get("invocation_params") or {}
    tools = asked.get("tools") or asked.get("functions")
    return {
        "model": _first(
            metadata.get("ls_model_name"), *(asked.get(k) for k in ("model", "model_name", "model_id"))
        ),
        "provider": _provider(serialized, metadata.get("ls_provider")),
        "params": _params(metadata, asked) or None,
        "messages": messages,
        "tools": [_tool_name(tool) for tool in tools] if type(tools) is list and tools else None,
        "tool_defs": tools if type(tools) is list and tools else None,
    }


def _provider(serialized: Any, provider: Any) -> Any:
    # For a class that names no provider LangChain puts the class's own name, which is none.
    name = name_of(serialized, None)
    return None if name is not None and provider == name.lower() else provider


def _params(metadata: Mapping[str, Any], asked: Mapping[str, Any]) -> Fields:
    found = {short: metadata[long] for long, short in _LS_PARAMS.items() if metadata.get(long) is not None}
    found |= {name: asked[name] for name in _PARAMS if asked.get(name) is not None}
    return found


def _tool_name(tool: Any) -> str:
    if type(tool) is not dict:
        return type(tool).__name__
    inner = tool.get("function") or tool.get("toolSpec")
    return (
        _first(inner.get("name") if type(inner) is dict else None, tool.get("name"), tool.get("type"))
        or "unnamed"
    )


def _first(*values: Any) -> Any:
    return next((v for v in values if type(v) is str and v), None)


def llm_end(response: Any) -> Fields:
    """A model call's answer, usage, finish reason, model and response id."""
    generations = (instance_dict(response).get("generations") or [[]])[0]
    if not generations:
        return {}
    first = instance_dict(generations[0])
    output: Mapping[str, Any] = instance_dict(response).get("llm_output") or {}
    message = first.get("message")
    said: Mapping[str, Any] = instance_dict(message) if message is not None else {}
    meta: Mapping[str, Any] = said.get("response_metadata") or {}
    info: Mapping[str, Any] = first.get("generation_info") or {}
    return {
        "message": message if message is not None else _text_answer(first),
        "others": [_answer(g) for g in generations[1:]] or None,
        "usage": usage(said.get("usage_metadata"), output) or None,
        "finish_reason": _first(*(d.get(k) for k in _FINISH for d in (info, meta))),
        "model": _first(
            meta.get("model_name"), meta.get("model"), output.get("model_name"), output.get("model")
        ),
        "response_id": _response_id(meta, said, output),
    }


def _answer(generation: Any) -> Any:
    found = instance_dict(generation)
    return found.get("message") or _text_answer(found)


def _text_answer(generation: Mapping[str, Any]) -> Fields:
    return {"role": "assistant", "content": generation.get("text")}


def _response_id(meta: Mapping[str, Any], said: Mapping[str, Any], output: Mapping[str, Any]) -> str | None:
    found = _first(meta.get("id"), output.get("id"), said.get("id"))
    # LangChain makes ids of its own for messages without one; they name no response of the provider's.
    return None if found is None or found.startswith(("lc_", "run-")) else found


def usage(metadata: Any, output: Mapping[str, Any]) -> Fields:
    """Tokens in the format's words: input includes cached ones, output includes reasoning."""
    if type(metadata) is dict:
        into: Mapping[str, Any] = metadata.get("input_token_details") or {}
        out: Mapping[str, Any] = metadata.get("output_token_details") or {}
        found = {
            "input_tokens": metadata.get("input_tokens"),
            "output_tokens": metadata.get("output_tokens"),
            "cache_read_tokens": into.get("cache_read"),
            "cache_write_tokens": into.get("cache_creation"),
            "reasoning_tokens": out.get("reasoning"),
            "total_tokens": metadata.get("total_tokens"),
        }
    else:
        raw: Mapping[str, Any] = output.get("token_usage") or output.get("usage") or {}
        found = {
            "input_tokens": raw.get("prompt_tokens", raw.get("input_tokens")),
            "output_tokens": raw.get("completion_tokens", raw.get("output_tokens")),
            "total_tokens": raw.get("total_tokens"),
        }
    kept = {
        k: v for k, v in found.items() if type(v) is int and (v or k in ("input_tokens", "output_tokens"))
    }
    if kept.get("total_tokens") == kept.get("input_tokens", 0) + kept.get("output_tokens", 0):
        kept.pop("total_tokens", None)
    return kept


def tool_start(input_str: Any, kwargs: Mapping[str, Any]) -> Fields:
    """A tool call's arguments and the id under which the model asked for it."""
    inputs = kwargs.get("inputs")
    return {
        "call_id": kwargs.get("tool_call_id"),
        "args": inputs if inputs is not None else input_str or None,
    }


def tool_end(output: Any) -> Fields:
    """A tool's result; an error that the tool or its node caught and told the model of is this step's error."""
    found = instance_dict(output)
    if found.get("type") == "tool" and "tool_call_id" in found:
        return {"message": output, "status": "error" if found.get("status") == "error" else None}
    return {"result": chain_output(output)}


def retriever_end(documents: Any) -> Fields:
    """The documents found, with their scores where the metadata have one."""
    return {"documents": [_document(d) for d in documents] if type(documents) is list else documents}


def _document(document: Any) -> Any:
    found = instance_dict(document)
    if "page_content" not in found:
        return document
    metadata = found.get("metadata")
    meta: Mapping[str, Any] = metadata if type(metadata) is dict else {}
    score = next(
        (meta[k] for k in ("score", "relevance_score", "_score") if type(meta.get(k)) in (int, float)), None
    )
    shown = {
        "id": found.get("id"),
        "score": score,
        "content": found.get("page_content"),
        "metadata": metadata or None,
    }
    return {k: v for k, v in shown.items() if v is not None}


def status_of_graph(error: BaseException) -> str | None:
    """What LangGraph's control-flow exceptions mean; None for any other."""
    names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("langgraph.")}
    if names & {"GraphInterrupt", "NodeInterrupt"}:
        return "interrupted"
    return "handoff" if "ParentCommand" in names else None
