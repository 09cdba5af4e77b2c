"""From a span's arguments and result to a line's fields: pure functions that read and change nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from llama_index.observability.steplog import _events as events
from llama_index.observability.steplog import _messages as messages
from llama_index.observability.steplog import _values as values
from llama_index.observability.steplog._kinds import Span
from steplog.integration import HandedDown, live_dict

Fields = dict[str, Any]
Args = Mapping[str, Any]

_OURS: Final = ("llamaindex.", "_")
_RUN_ID: Final = "llamaindex.run_id"
_DISPATCHER: Final = "llama_index_instrumentation.dispatcher"
_BRIEF: Final = 250  # characters of an error's message that its step repeats
_THREAD: Final = ("thread_id", "session_id")
_ARGUMENT: Final = {
    "query": ("str_or_query_bundle",),
    "chat": ("message",),
    "synthesizer": ("query",),
}
# Arguments that are machinery, not input.
_MACHINERY: Final = frozenset({"ctx", "context", "init_state", "tags", "self", "llm_kwargs"})


def name_of(span: Span, instance: Any, arguments: Args, fields: Args) -> str | None:
    """The step's name: the tool's, the agent's, the class of what is called; None for a call that names its model."""
    if span.kind == "tool":
        return tool_name(span, instance, arguments)
    if span.role == "workflow" and span.kind == "agent":
        given = live_dict(instance).get("name")
        return given if type(given) is str and given not in ("", "Agent") else type(instance).__name__
    if span.kind in ("retriever", "rerank", "embedding", "llm"):
        return None if fields.get("model") and span.kind != "rerank" else type(instance).__name__
    return step_name(span, arguments) if span.role == "step" else span.name


def step_name(span: Span, arguments: Args) -> str:
    """A workflow step's name; where several agents share it, with the agent's."""
    owner, _, step = span.name.rpartition(".")
    agent = (
        live_dict(events.event_in(arguments)).get("current_agent_name") if owner == "AgentWorkflow" else None
    )
    return f"{agent}.{step}" if type(agent) is str and agent else step


def tool_name(span: Span, instance: Any, arguments: Args) -> str:
    """The name under which the model knows the tool."""
    if span.role == "call_tool":
        return live_dict(events.event_in(arguments)).get("tool_name") or "unnamed"
    metadata = live_dict(instance).get("_metadata") or live_dict(instance).get("metadata")
    name = live_dict(metadata).get("name")
    return name if type(name) is str and name else type(instance).__name__


def run_fields(span: Span, instance: Any, arguments: Args, tags: Args | None) -> Fields:
    """What describes a whole run: framework, input, thread, the program's own tags."""
    module = type(instance).__module__ if span.role == "workflow" else ""
    own = span.role == "workflow" and not module.startswith("llama_index.")
    tags = _tags_here() if tags is None else tags  # a workflow's own span comes without them
    mine = _own_tags(tags)
    if span.role == "workflow" and type(run_id := (tags or {}).get(_RUN_ID)) is str:
        mine["run_id"] = run_id  # a run that was released goes on under the same one, in whichever process
    thread = next((mine.pop(k) for k in _THREAD if type(mine.get(k)) is str), None)
    return {
        "framework": "llama-index-workflows" if own else "llama-index",
        "input": None
        if span.kind in ("llm", "tool", "retriever", "embedding", "rerank")
        else input_of(span, arguments),
        "thread": thread,
        "metadata": mine or None,
    }


def handed_down(tags: Args | None) -> HandedDown | None:
    """The program's own tags (`instrument_tags`) that hold in a step; None where there are none, as for most."""
    mine = _own_tags(tags)
    found = {name: value for name, value in mine.items() if name not in _THREAD}
    return HandedDown((), found) if found else None


def _tags_here() -> Args | None:
    """What the program has tagged the code with that is now running."""
    variable = getattr(sys.modules.get(_DISPATCHER), "active_instrument_tags", None)
    found = None if variable is None else variable.get(None)
    return found if type(found) is dict else None


def _own_tags(tags: Args | None) -> Fields:
    return {k: v for k, v in (tags or {}).items() if type(k) is not str or not k.startswith(_OURS)}


def input_of(span: Span, arguments: Args) -> Any:
    """What a run or node was given: a question, a message, the start event's fields."""
    for name in _ARGUMENT.get(span.role, ()):
        if (given := arguments.get(name)) is not None:
            return live_dict(given).get("query_str", given) if type(given) is not str else given
    event = events.event_in(arguments)
    if event is not None:
        return values.read_event(event) or None if span.role == "workflow" else values.told(event)
    # What a function takes as `**prompt_args` is told as the names it was given.
    named = arguments.get("prompt_args")
    given = {**arguments, **named} if type(named) is dict else arguments
    return {
        k: v for k, v in given.items() if k not in _MACHINERY and k != "prompt_args" and v is not None
    } or None


def output_of(result: Any) -> Any:
    """What a run or node gave back; a workflow's result is what its last event carries."""
    if not events.is_event(result):
        return None if type(result) in (dict, list, str) and not result else result
    if not events.is_last(result):
        return values.told(result)
    fields = values.read_event(result)
    return fields["result"] if list(fields) == ["result"] else fields or None


def start_fields(span: Span, instance: Any, arguments: Args, with_input: bool) -> Fields:  # noqa: FBT001 - by place
    """What a span's beginning tells; `with_input` adds what a workflow's step was given."""
    if span.kind == "tool":
        return tool_start(span, arguments)
    if span.kind == "retriever":
        return {"query": query_text(arguments)}
    if span.kind == "rerank":
        return rerank_start(instance, arguments)
    if span.kind == "embedding":
        return embedding_start(instance, arguments)
    fields = node_start(arguments) if span.kind == "node" else {}
    if with_input or span.kind == "agent" or span.role in ("query", "chat"):
        fields["input"] = input_of(span, arguments)
    return fields


def end_fields(span: Span, result: Any) -> Fields:
    """What a span's end tells."""
    if span.kind == "tool":
        return tool_end(span, result)
    if span.kind in ("retriever", "rerank"):
        return documents(result, brief=span.kind == "rerank")
    if span.kind == "embedding":
        return embedding_end(result)
    return {"output": output_of(result)}


def node_start(arguments: Args) -> Fields:
    """Which event made a workflow's step run."""
    event = events.event_in(arguments)
    return {} if event is None else {"triggers": [values.event_name(type(event))]}


def tool_start(span: Span, arguments: Args) -> Fields:
    """A tool call's arguments and, from an agent, the id under which the model asked for it."""
    if span.role == "call_tool":
        event = live_dict(events.event_in(arguments))
        return {"call_id": event.get("tool_id"), "args": event.get("tool_kwargs")}
    named = arguments.get("kwargs")
    placed = arguments.get("args") or arguments.get("input")
    given = named or placed
    return {"args": given if given not in ((), {}, []) else None}


def tool_end(span: Span, result: Any) -> Fields:
    """A tool's answer; an agent's as the message its model will read. `status` and `error` tell of one that failed."""
    told = live_dict(result)
    output = told.get("tool_output") if "tool_output" in told else result
    found = live_dict(output)
    blocks = found.get("blocks")
    if type(blocks) is not list:
        return {"result": result}
    fields: Fields = {}
    if found.get("is_error"):
        fields = {"status": "error", "error": values.private_of(output).get("_exception")}
        if not isinstance(fields["error"], BaseException):
            fields["error"] = _said_error(output, messages.content_of(blocks))
    if span.role == "call_tool":
        return fields | {"message": messages.tool_message(blocks, told.get("tool_id"))}
    return fields | {"result": messages.content_of(blocks) or None}


def with_failure(
    status: str | None, error: BaseException | None, fields: Fields
) -> tuple[str | None, BaseException | None, Fields]:
    """The status and the exception of a step's end, and its other fields, where the fields tell of a failure.

    A failure that was no exception stays what it is: an `error` among the fields.
    """
    found = fields.get("error")
    error = error or (found if isinstance(found, BaseException) else None)
    taken = ("status",) if error is None else ("status", "error")
    rest = {name: value for name, value in fields.items() if name not in taken}
    return status or (fields["status"] if error is None else None), error, rest


def _said_error(output: Any, content: Any) -> Fields:
    """The error of a tool that raised nothing and says that it failed; in full that stands in what it says."""
    error: Fields = {"type": type(output).__name__}
    if type(content) is str and content:
        error["message"] = content if len(content) <= _BRIEF else content[:_BRIEF] + "…"
    return error


def query_text(arguments: Args) -> Any:
    """The question a retriever or reranker is given, as text."""
    given = next(
        (arguments[k] for k in ("str_or_query_bundle", "query_bundle", "query_str") if arguments.get(k)), None
    )
    return given if type(given) is str or given is None else live_dict(given).get("query_str")


def documents(result: Any, *, brief: bool = False) -> Fields:
    """The nodes found, with their scores; `brief` leaves out what they say."""
    if type(result) is not list:
        return {}
    found = [values.read_scored(node) for node in result]
    return {"documents": [{k: d[k] for k in ("id", "score") if k in d} for d in found] if brief else found}


def rerank_start(instance: Any, arguments: Args) -> Fields:
    """A reranker's model and question, and how many nodes it was given."""
    own = live_dict(instance)
    nodes = arguments.get("nodes")
    model = next((own[k] for k in ("model", "model_name") if type(own.get(k)) is str), None)
    return {
        "model": model,
        "query": query_text(arguments),
        "count": len(nodes) if type(nodes) is list else None,
    }


def embedding_start(instance: Any, arguments: Args) -> Fields:
    """An embedding call's model and how many texts it was given; the texts stand where they come from."""
    model = live_dict(instance).get("model_name")
    texts = next((v for k, v in arguments.items() if k in ("texts", "queries", "img_file_paths")), None)
    count = len(texts) if type(texts) is list else 1
    return {"model": model if type(model) is str and model != "unknown" else None, "count": count}


def embedding_end(result: Any) -> Fields:
    """How many numbers a vector has; never the vectors."""
    first = result[0] if type(result) is list and result else None
    if type(first) is list:
        return {"dimensions": len(first)}
    return {"dimensions": len(result)} if type(first) in (float, int) else {}


def status_of_workflow(error: BaseException) -> str | None:
    """What the control-flow exceptions of workflows mean; None for any other."""
    names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("workflows.")}
    if "WaitingForEvent" in names:
        return "interrupted"
    return "cancelled" if "WorkflowCancelledByUser" in names else None
