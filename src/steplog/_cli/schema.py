"""`steplog schema`: the JSON Schema of a line."""

from __future__ import annotations

import click

from steplog._cli.command import ReadCommand
from steplog._format.schema import schema as schema_of_a_line
from steplog._show.terminal_text import as_json


@click.command(
    cls=ReadCommand,
    examples=("steplog schema", "steplog schema > line.schema.json", "steplog schema | head -3"),
)
def schema() -> None:
    """Print the JSON Schema (2020-12) of a line of a log."""
    click.echo(as_json(schema_of_a_line(), indent=2))
