"""The kinds of failure that a run had, each where it began, by the digits that name a kind in every log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._read.runs.fingerprints import fingerprint, same_message
from steplog._show.preview import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steplog._format.record import Json
    from steplog._read.runs.step import Step

_NUMBER: Final = re.compile(r"\d+")
Kind = tuple[str, str, str, str]
"""What failures of one kind have in common: type, kind and name of the step, the message without what differs."""


def kind_of_failure(error: object, kind: str, name: str) -> Kind:
    """The kind of a failure, from the `error` of its step's end and what step it was (`run` for the run itself)."""
    facts = cast("Mapping[str, Any]", error) if isinstance(error, Mapping) else {}
    if kind == "run":
        name = _NUMBER.sub("<n>", name)  # `import 17` fails as `import 18` does
    return (as_text(facts.get("type")) or "error", kind, name, same_message(as_text(facts.get("message"))))


def failures_of(
    steps: Iterable[Step], run_error: Mapping[str, Json] | None = None, run_name: str = ""
) -> tuple[str, ...]:
    """The fingerprints of the failures that began in these steps, and in the run itself, if that failed with an error."""
    kinds = [
        kind_of_failure(step.error, step.kind, step.name)
        for step in steps
        if step.status == "error" and "step" not in (step.error or {})
    ]
    if run_error is not None and "step" not in run_error:
        kinds.append(kind_of_failure(run_error, "run", run_name))
    return tuple(dict.fromkeys(fingerprint(*kind) for kind in kinds))
