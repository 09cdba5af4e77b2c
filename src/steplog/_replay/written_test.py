"""A recorded run as a test: a file of pytest that plays it again without a model, and demands that it does the same."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._replay.agent_as_recorded import agent_as_recorded
from steplog._replay.errors import CannotReplay
from steplog._replay.recorded_calls import RecordedCalls, RecordedTools
from steplog._show.preview import as_text
from steplog._show.units import clock

if TYPE_CHECKING:
    from steplog._format.record import Json, Record
    from steplog._read.runs.run import Run

_PACKAGES: Final = {
    "langgraph": "langchain_steplog",
    "langchain": "langchain_steplog",
    "llama-index": "llama_index.observability.steplog",
}
_MODELS: Final = {"langchain_steplog": "ReplayModel", "llama_index.observability.steplog": "ReplayLLM"}
_FACTORY: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")

_LANGCHAIN: Final = '''"""Run {id} ({name}), recorded {when}: played again without a model, it must do the same."""

import steplog
{imports}


def test_{slug}(steplog_run):
    run = steplog.read({log}).run("{id}")
    {agent}.invoke({asked})
    steplog_run.expect.same_as(run)
'''
_LLAMA_INDEX: Final = '''"""Run {id} ({name}), recorded {when}: played again without a model, it must do the same."""

import asyncio

import steplog
{imports}


async def again(run):
    return await {agent}.run({asked})


def test_{slug}(steplog_run):
    run = steplog.read({log}).run("{id}")
    asyncio.run(again(run))
    steplog_run.expect.same_as(run)
'''


def replay_test(run: Run, log: str, *, agent: str = "") -> str:
    """A test file that plays the run again, which it reads from the log at `log`.

    agent: `module:function` that builds the agent from a model, with the program's own tools; without it an agent is built from
    what the log says, with the tools' recorded results. Raises: CannotReplay, with what is missing.
    """
    package = _PACKAGES.get(run.framework)
    if package is None:
        raise CannotReplay(
            f"run {run.id} is of {run.framework or 'no framework'}: only agents of LangChain and LlamaIndex can be played again"
        )
    if agent and _FACTORY.fullmatch(agent) is None:
        raise CannotReplay(
            f"{agent!r} names no function: it is to be module:function, such as my_app.agents:build"
        )
    RecordedCalls(run)
    model = _MODELS[package]
    if agent:
        module, _, function = agent.partition(":")
        imports = sorted((f"from {module} import {function}", f"from {package} import {model}"))
        built = f"{function}({model}(run))"
        asked = _first_asked(run)
    else:
        RecordedTools(run)
        asked = list(agent_as_recorded(run).asked)
        imports, built = [f"from {package} import replay_agent"], "replay_agent(run)"
    is_langchain = package == "langchain_steplog"
    return (_LANGCHAIN if is_langchain else _LLAMA_INDEX).format(
        id=run.id, name=run.name or "no name", when=clock(run.started), imports="\n".join(imports), slug=_slug(run.name or run.id),
        log=_literal(log), agent=built, asked=_as_langchain(run, asked) if is_langchain else _as_llama_index(asked),
    )  # fmt: skip


def _first_asked(run: Run) -> list[Record]:
    try:
        return list(agent_as_recorded(run).asked)
    except CannotReplay:  # no agent that we could build, which is what theirs is for
        first = next(step for step in run.steps if step.kind == "llm")
        return [message for message in first.prompt if message.get("role") != "system"]


def _as_langchain(run: Run, asked: list[Record]) -> str:
    given: Any = run.input
    if isinstance(given, dict) and "messages" not in given and given:
        return _literal(_plain(given))
    return _literal({"messages": [_plain(message) for message in asked]})


def _as_llama_index(asked: list[Record]) -> str:
    return _literal(as_text(asked[-1].get("content")) if asked else "")


def _plain(value: Json) -> Any:
    """Without the numbers and ids that a log gives."""
    if isinstance(value, dict):
        message = {"role": value["role"], "content": "", **value} if "role" in value else value
        return {
            name: _plain(inner)
            for name, inner in message.items()
            if message is value or name not in ("m", "id")
        }
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _literal(value: Any) -> str:
    """The value as Python, as a formatter would have it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        members = cast("Record", value)
        return (
            "{" + ", ".join(f"{_literal(name)}: {_literal(inner)}" for name, inner in members.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, cast("list[Any]", value))) + "]"
    return repr(value)


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower() or "run"
