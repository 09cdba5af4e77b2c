"""The page of the documentation that the figures go to."""

from __future__ import annotations

from typing import Any

_HEAD = """# Recorders beside each other

Written by `python benchmarks/peers/run.py --markdown docs/reference/peers.md` on {day}; nothing in the tables is typed by hand. One
agent (LangChain's `create_agent`, a model that answers from a script), each recorder by its own instructions and with its own
defaults, in an environment of its own. Recorders that send get a server on the loopback that takes everything at once, which is
kinder to them than a network.

**Killed**: the question was asked, a model answered, a tool gave its result, the model answered again (four things that were over), and a tool
called a tool that does not come back. Then `kill -9`, at once or after four seconds. "Under way" says whether what is kept
tells of that last tool and its argument. **Half a character**: a tool's result holds a lone surrogate; is the rest of
the run kept, and did the agent answer? **Four forks**: a process that records forks four that run agents, and each ends by
`os._exit` six seconds later, as a server's workers may; of how many is the answer kept? **Key**: a provider's key (made up) in the question;
does it stand in what is kept? **160 turns**: one run of 160 model calls, bytes kept. **CPU**: what is added to a run of five steps,
in ms, in turns with steplog in the same process; ratios are worth more than milliseconds.

"""

_FOOT = """
Names that look like recorders and are not: `roomy` on the package index is a game engine.

What this does not show: what each of them is made for. LangSmith, Langfuse and what receives OpenInference's spans are services for teams;
reeltime and langgraph-replay replay runs; a recorder that keeps its last seconds in memory is cheaper for it. Each of them can be set
otherwise than its defaults are.
"""


def document(found: dict[str, dict[str, Any]], day: str) -> str:
    """The whole page, in Markdown."""
    rows = ["| recorder | killed at once | killed after 4 s | half a character | four forks | key | 160 turns | CPU a run |", "|---|---|---|---|---|---|--:|--:|"]  # fmt: skip
    rows += [f"| {name} | " + " | ".join(_cells(name, each)) + " |" for name, each in found.items()]
    lines = ["", "| recorder | versions |", "|---|---|"]
    lines += [f"| {name} | {_versions(each['versions'])} |" for name, each in found.items()]
    wrong = [f"* {name}, {scenario}: {_plain(why)}" for name, each in found.items() for scenario, why in each["failed"].items()]  # fmt: skip
    notes = ["", "What did not go as it should:", "", *wrong] if wrong else []
    return _HEAD.format(day=day) + "\n".join([*rows, *lines, *notes]) + "\n" + _FOOT


def _cells(name: str, found: dict[str, Any]) -> list[str]:
    return [
        _killed(found["killed_at_once"]),
        _killed(found["killed_after_4_s"]),
        _surrogate(found["surrogate"]),
        _forks(found["forks"]),
        _key(found["key"]),
        _turns(found["turns"]),
        _cpu(name, found["cpu"]),
    ]


def _killed(said: dict[str, Any]) -> str:
    if not said:
        return "not run"
    way = "under way named" if said["under_way_named"] else "under way not named"
    return f"{said['finished_kept']} of {said['of']}, {way}"


def _surrogate(said: dict[str, Any]) -> str:
    if "answered" not in said:
        return "the agent failed"
    return ("kept" if said["rest_kept"] else "**lost**") + (
        "" if said["answered"] else ", the agent's answer changed"
    )


def _forks(said: dict[str, Any]) -> str:
    if not said:
        return "not run"
    failed = said.get("children_failed")
    return f"{said['children_kept']} of 4" + (f", {failed} processes failed" if failed else "")


def _key(said: dict[str, Any]) -> str:
    if not said.get("rest_kept"):
        return "nothing kept" if said else "not run"
    return "**kept**" if said["key_kept"] else "masked"


def _turns(said: dict[str, Any]) -> str:
    return (
        "not run"
        if "bytes" not in said
        else f"{said['bytes'] / 1e6:.2f} MB" + ("" if said["last_kept"] else ", its end lost")
    )


def _cpu(name: str, said: dict[str, Any]) -> str:
    if name not in said:
        return "not run"
    if name == "steplog":
        return f"{said[name]:.2f} ms"
    return f"{said[name]:.2f} ms ({said[name] / said['steplog']:.1f} times steplog's {said['steplog']:.2f})"


def _versions(of: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(of.items())) or "not installed"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:300]
