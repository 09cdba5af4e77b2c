"""The entry point: which commands there are, and that only the one used is imported."""

from __future__ import annotations

import sys
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Final

import click

from steplog._version import __version__

if TYPE_CHECKING:
    from io import TextIOWrapper

# name -> one line for `steplog --help`, which so needs to import none of them
_COMMANDS: Final = {
    "ls": "List the runs of a log, newest last.",
    "show": "Show one run as a tree, or one step of it in full.",
    "view": "Look at the runs in a browser, also while they run.",
    "html": "Write runs as a page in one HTML file.",
    "errors": "Group the failures of a log by what they have in common.",
    "postmortem": "Say on one page what happened to a run.",
    "grep": "Find a phrase in everything that was logged.",
    "stats": "Count calls, errors, tokens, cost and durations, by whatever you name.",
    "cost": "Say what the model calls cost, by the prices of their day.",
    "diff": "Compare two runs step by step, or two versions of an agent.",
    "versions": "Show the versions of the agents, and since which of them more runs fail.",
    "compactions": "Show where a prompt shrank, and what went.",
    "note": "Note what you think of a run or a step, beside the log.",
    "fork": "Say where a run can go on from one of its steps.",
    "test": "Write a test that plays a run again without a model.",
    "sql": "Ask the log in SQL.",
    "tail": "Show the newest lines of a log, and follow it.",
    "run": "Run a Python program with logging on.",
    "try": "Run a program once, and say what was seen of it and what was not.",
    "config": "Show the settings in force, and where each comes from.",
    "doctor": "Examine a log: what is damaged, what is missing, and why.",
    "prune": "Delete the oldest closed segments of a log.",
    "pack": "Compress the closed segments of a log.",
    "ship": "Bring the closed segments of a log to a store, such as s3://.",
    "export": "Write runs as other programs read them, or send them to a backend.",
    "demo": "Write a sample log, and walk through the commands with it.",
    "skill": "Tell coding agents how to read logs.",
    "mcp": "Serve a log to coding agents without a shell.",
    "schema": "Print the JSON Schema of a line.",
}


class _Commands(click.Group):
    """The commands, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help text."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command `name` of the module of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"steplog._cli.{_room(cmd_name)}"), _room(cmd_name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _room(name: str) -> str:
    """The module of a command, and its name there: a word of Python's own has a line behind it."""
    return f"{name}_" if iskeyword(name) else name


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="steplog %(version)s")
def steplog() -> None:
    """Read the logs that steplog wrote: every step of every run of an LLM agent.

    PATH is a log: a directory of segments or one .jsonl file; by default where a program
    started here would log (`steplog config` says why there).
    RUN is the beginning of a run's id, @last, or @-2 for the last but one.
    """


def main() -> None:
    """Runs the command line; the exit code is 0 for fine, 1 for "no", 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_characters(stream)
    steplog(prog_name="steplog")


def _never_fail_on_characters(stream: object) -> None:
    """A terminal that cannot show a character gets its escape instead of ending the command."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        text: TextIOWrapper = reconfigure.__self__
        text.reconfigure(errors="backslashreplace")
