"""What a query asks of a run beyond its sums: tags, metadata, why its models stopped, which tools failed and with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._ask.said import CUT_OFF
from steplog._show.preview import as_text

if TYPE_CHECKING:
    from steplog._format.record import Json, Record

_MOST: Final = 40  # of each, in one run
_MOST_ERRORS: Final = 12  # different ones; a list holds 20,000 runs
_LONGEST: Final = 300  # characters of a value
CUT: Final = "cut"


@dataclass(slots=True)
class Sought:
    """The values that the words `tag`, `meta`, `finish`, `tool-failed` and `error` are held against."""

    tags: list[str] = field(default_factory=list[str])
    meta: list[str] = field(default_factory=list[str])
    finish: dict[str, None] = field(default_factory=dict[str, None])
    failed: dict[str, None] = field(default_factory=dict[str, None])
    errors: dict[str, None] = field(default_factory=dict[str, None])

    def note(self, record: Record, kind: str, name: str) -> None:
        """Takes a line of the run, and the name of what it is about."""
        if kind == "run":
            self._note_run(record)
            return
        reason, error = record.get("finish_reason"), record.get("error")
        if isinstance(reason, str):
            _keep(self.finish, reason)
            if reason.lower() in CUT_OFF:
                _keep(self.finish, CUT)
        if isinstance(error, dict):
            self._note_error(cast("Record", error))
        if kind == "tool" and record.get("status") == "error":
            _keep(self.failed, name)

    def _note_run(self, record: Record) -> None:
        tags, metadata, error = record.get("tags"), record.get("metadata"), record.get("error")
        if isinstance(tags, list):
            self.tags = [as_text(tag)[:_LONGEST] for tag in cast("list[Json]", tags)[:_MOST]]
        if isinstance(metadata, dict):
            pairs = list(cast("Record", metadata).items())[:_MOST]
            self.meta = [f"{key}={as_text(value)}"[:_LONGEST] for key, value in pairs]
        if isinstance(error, dict):
            self._note_error(cast("Record", error))

    def _note_error(self, error: Record) -> None:
        if len(self.errors) < _MOST_ERRORS:
            _keep(self.errors, f"{as_text(error.get('type'))}: {as_text(error.get('message'))}")

    def told(self) -> dict[str, Any]:
        """As a row tells them."""
        return {
            "tags": self.tags, "meta": self.meta, "finish": list(self.finish), "failed": list(self.failed), "fails": list(self.errors),
        }  # fmt: skip


def _keep(values: dict[str, None], value: str) -> None:
    if value and len(values) < _MOST:
        values[value[:_LONGEST]] = None
