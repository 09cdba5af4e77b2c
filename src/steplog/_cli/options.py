"""Options that are the same on every command: the log, which runs of it, how many, and the form of the answer."""

from __future__ import annotations

import re
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from steplog._cli import complete
from steplog._format.shipped import is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from steplog._ask.query import Query, Word

    Function = Callable[..., Any]

_MAY_BE_RUN: Final = re.compile(r"@.*|[0-9a-fA-F-]*[0-9a-fA-F]")
_WHOLE: Final = frozenset({"text", "meta"})  # a comma in these is part of the value


def takes_log(function: Function) -> Function:
    """The log: PATH, the last argument, or `-p PATH`. Must stand below all other arguments."""

    @wraps(function)
    def with_path(*, path: str | None, path_option: str | None, **given: Any) -> Any:
        if path is not None and path_option is not None:
            raise click.UsageError(f"two logs are named, {path} and {path_option}: give one")
        return function(path=path if path_option is None else path_option, **given)

    option = click.option(
        "-p",
        "--path",
        "path_option",
        metavar="PATH",
        help="The same as PATH; without it as `steplog config` says.",
    )
    return click.argument("path", required=False)(option(with_path))


def is_path(word: str) -> bool:
    """Whether a word that could be a run names a log instead."""
    may_be_run = _MAY_BE_RUN.fullmatch(word) is not None
    # No run is called a/b: where that path does not exist, that is what is wrong.
    return not may_be_run and (word == "-" or "/" in word or is_url(word) or Path(word).exists())


def takes_limit(what: str) -> Callable[[Function], Function]:
    """`-n`, which means the newest, or those at the end of a sorted list."""
    return click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help=what)


def takes_form(function: Function) -> Function:
    """`--json` and `--jsonl`."""
    for name, words in (("jsonl", "One JSON object a line."), ("json", "One JSON array.")):
        function = click.option(f"--{name}", "form", flag_value=name, help=words)(function)
    return function


def takes_engine(function: Function) -> Function:
    """`--engine` and `--master`: where the question is answered."""
    master = "With --engine spark: spark://host:7077, sc://host; by default this machine alone."
    function = click.option("--master", metavar="URL", help=master)(function)
    words = "Who counts: DuckDB here, or Spark (for stores of any size)."
    choices = click.Choice(("duckdb", "spark"))
    return click.option("--engine", type=choices, default="duckdb", show_default=True, help=words)(function)


def takes_json(function: Function) -> Function:
    """`--json` for an answer that is one thing."""
    return click.option("--json", "json_", is_flag=True, help="One JSON object.")(function)


def takes_budget(function: Function) -> Function:
    """`--budget`: what matters most, for a reader who pays for each token."""
    words = "What matters most in at most so many tokens, each line of the log marked as data."
    return click.option("--budget", type=click.IntRange(min=1), metavar="TOKENS", help=words)(function)


def takes_by(usual: str) -> Callable[[Function], Function]:
    """`--by`: what to group by, several with commas or by saying it again."""

    def taking(function: Function) -> Function:
        @wraps(function)
        def with_by(*, by: tuple[str, ...], **given: Any) -> Any:
            names = [name for each in by or (usual,) for name in each.split(",") if name]
            return function(by=tuple(names), **given)

        words = "Group by model, tool, node, agent, name, day, hour, thread, label, version, status, error or meta.KEY; several with commas."
        return click.option(
            "--by", multiple=True, metavar="WHAT", help=words, shell_complete=complete.groups
        )(with_by)

    return taking


def takes_query(*, but: Collection[str] = ()) -> Callable[[Function], Function]:
    """Which runs: an option a word of the query line (`but` those that mean something else here), and `-q` for a line."""
    offered = [word for word in _WORDS if word[0] not in but]

    def taking(function: Function) -> Function:
        @wraps(function)
        def with_query(*, query_line: str | None, left_out: tuple[str, ...], **given: Any) -> Any:
            from steplog._ask.query import parse, query_of  # noqa: PLC0415 -- `steplog --help` and completion need none

            words = list(_words({name: given.pop(f"where_{name}") for name, _, _ in offered}))
            lines = [query_line or "", str(query_of(words)), *(f"-{word}" for word in left_out)]
            query: Query = parse(" ".join(lines))
            return function(query=query, **given)

        taken: Function = with_query
        for name, metavar, words in reversed(offered):
            taken = _option(name, metavar, words)(taken)
        without = click.option(
            "--not",
            "left_out",
            multiple=True,
            metavar="WORD:VALUE",
            help="Not runs with this: status:ok, 'tool:search'.",
        )
        taken = without(taken)
        line = "The same as one line: 'status:error tool:search -model:gpt since:2h'."
        return click.option("-q", "--query", "query_line", metavar="LINE", help=line)(taken)

    return taking


_WORDS: Final = (
    ("status", "STATUS", "Only runs of this status; several with commas: error,crashed."),
    ("name", "NAME", "Only runs with NAME in their name."),
    ("thread", "THREAD", "Only runs of this conversation."),
    ("model", "MODEL", "Only runs that used a model with MODEL in its name."),
    ("tool", "TOOL", "Only runs that called this tool; * stands for anything."),
    ("tool_failed", "", "Only runs in which that tool failed, or any."),
    ("tag", "TAG", "Only runs with this tag."),
    ("meta", "KEY=VALUE", "Only runs with this in their metadata."),
    ("error", "TEXT", "Only runs with TEXT in the type or message of an error."),
    ("finish", "WORD", "Only runs in which a model stopped for this reason; cut: any that means cut off."),
    ("label", "LABEL", "Only runs that got this label (`steplog note`), or a step of theirs."),
    ("unlabelled", "", "Only runs without a label."),
    ("text", "PHRASE", "Only runs in which this was said, shown, given or returned."),
    ("min_ms", "MS", "Only runs that took at least so many milliseconds."),
    ("min_tokens", "N", "Only runs that used at least so many tokens."),
    ("min_cost", "USD", "Only runs that cost at least so much."),
    ("since", "TIME", "Only runs begun since then: 2h, 3d, yesterday, 2026-11-23."),
    ("until", "TIME", "Only runs begun before then."),
)
_NUMBERS: Final[dict[str, type]] = {"min_ms": float, "min_tokens": int, "min_cost": float}
_SINGLE: Final = frozenset({"since", "until"})
_FLAGS: Final = frozenset({"tool_failed", "unlabelled"})


def _option(name: str, metavar: str, words: str) -> Callable[[Function], Function]:
    flag, target = f"--{name.replace('_', '-')}", f"where_{name}"
    if name in _FLAGS:
        return click.option(flag, target, is_flag=True, help=words)
    if name in _NUMBERS or name in _SINGLE:
        return click.option(flag, target, type=_NUMBERS.get(name, str), metavar=metavar, help=words)
    return click.option(
        flag, target, multiple=True, metavar=metavar, help=words, shell_complete=complete.values_of(name)
    )


def _words(given: dict[str, Any]) -> Iterator[Word]:
    """The options as words of a query line."""
    for name, value in given.items():
        word = name.replace("_", "-")
        if isinstance(value, tuple):
            yield from ((word, (each,) if name in _WHOLE else tuple(each.split(","))) for each in value)
        elif value not in (None, False):
            yield word, ("yes" if value is True else str(value),)
