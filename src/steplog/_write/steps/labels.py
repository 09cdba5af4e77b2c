"""What this process adds to the metadata of each run that begins in it: the test it runs, the cell of a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# From the run's 16 hex digits to metadata. For the whole process, not a context: runs begin in threads and tasks.
Labeller = Callable[[str], Mapping[str, Any]]
_labellers: list[Labeller] = []


def add_labeller(labeller: Labeller) -> None:
    """Ask `labeller` for metadata at the beginning of each run from now on."""
    _labellers.append(labeller)


def remove_labeller(labeller: Labeller) -> None:
    """Ask it no more; if it is not asked, nothing happens."""
    if labeller in _labellers:
        _labellers.remove(labeller)


def labelled(run: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a `run.start` with the labels in `metadata`; what the program itself put there stays."""
    if not _labellers:
        return fields
    labels: dict[str, Any] = {}
    for labeller in tuple(_labellers):
        labels.update(labeller(run))
    given = fields.get("metadata")
    if given is not None and not isinstance(given, Mapping):
        return fields
    metadata = {**labels, **(given or {})}
    return {**fields, "metadata": metadata} if metadata else fields
