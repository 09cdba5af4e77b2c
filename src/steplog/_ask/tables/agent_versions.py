"""Which version of which agent each call is of, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steplog._ask.versions import versions

if TYPE_CHECKING:
    from collections.abc import Collection

    from steplog._ask.tables.database import Database
    from steplog._read.log import Log


def tell_versions(held: Database, log: Log, runs: Collection[str] | None) -> None:
    """Makes the table `agent_versions`; with `runs` versions are still counted over all runs, so that they have one number."""
    rows = [
        (call.run, call.nth, step, f"{version.name} {version.fingerprint}")
        for version in versions(log)
        for call in version.calls
        if runs is None or call.run in runs
        for step in (*call.steps, *call.tool_steps)
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    held.connection.execute(
        "CREATE TEMP TABLE agent_versions AS SELECT unnest(?::VARCHAR[]) AS run, unnest(?::INTEGER[]) AS nth, "
        "unnest(?::BIGINT[]) AS step, unnest(?::VARCHAR[]) AS version",
        columns,
    )
