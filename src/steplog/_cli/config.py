"""`steplog config`: the settings that hold here, and where each comes from."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any, Final

import click

from steplog._cli.command import NO, ReadCommand, complain
from steplog._format.project import OFF
from steplog._show.terminal_text import as_json, cells_of, one_line, padded
from steplog._write.settings.settings import sourced
from steplog._write.settings.sources import DEFAULT

_VALUE_CELLS: Final = 100


@click.command(
    cls=ReadCommand,
    examples=(
        "steplog config",
        "steplog config --json",
        "STEPLOG_CONTENT=preview steplog config",
    ),
)
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
def config(*, json_: bool) -> None:
    """Show the settings a program started here would have, and where each value comes from.

    Arguments in the program go before variables, variables before [tool.steplog] in pyproject.toml, that before the
    defaults. Exit code 1 if a value or a name cannot be used: it is named on standard error, with the allowed ones.
    """
    settings, found = sourced(None, os.environ, {})
    rows = {
        field.name: (
            _shown(getattr(settings, field.name), is_secret=not field.repr),
            found.sources.get(field.name, DEFAULT),
        )
        for field in fields(settings)
    }
    switch = os.environ.get("STEPLOG", "").strip()
    if json_:
        told = {name: {"value": value, "from": source} for name, (value, source) in rows.items()}
        click.echo(
            as_json({"on": switch.lower() not in OFF, "settings": told, "problems": found.problems}, indent=2)
        )
    else:
        _print(rows)
    for problem in found.problems:
        complain(problem)
    if found.problems:
        click.get_current_context().exit(NO)


def _shown(value: Any, *, is_secret: bool) -> Any:
    return ("(set)" if value else "") if is_secret else value


def _print(rows: dict[str, tuple[Any, str]]) -> None:
    table = [("SETTING", "VALUE", "FROM")]
    table += [
        (name, one_line(_words(value), _VALUE_CELLS), one_line(source, _VALUE_CELLS))
        for name, (value, source) in rows.items()
    ]
    widths = [max(cells_of(row[at]) for row in table) for at in range(2)]
    for name, value, source in table:
        click.echo(f"{padded(name, widths[0])}  {padded(value, widths[1])}  {source}")


def _words(value: Any) -> str:
    words = {True: "on", False: "off", None: "-", "": "-"}
    return words[value] if isinstance(value, bool | str | None) and value in words else str(value)
