"""A note on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from steplog._show.terminal_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


class NoteView(Protocol):
    """What is shown of a note."""

    @property
    def ts(self) -> str: ...
    @property
    def step(self) -> int | None: ...
    @property
    def text(self) -> str: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def removed(self) -> Sequence[str]: ...
    @property
    def score(self) -> float | None: ...
    @property
    def by(self) -> str: ...


def note_line(note: NoteView, cells: int) -> str:
    """`step 3 [wrong, slow] 0.5: asked for the wrong order (ann, 2026-11-27 15:28Z)`, at most so wide."""
    where = "" if note.step is None else f"step {note.step}"
    labels = f"[{', '.join(note.labels)}]" if note.labels else ""
    removed = f"no longer [{', '.join(note.removed)}]" if note.removed else ""
    score = "" if note.score is None else f"{note.score:g}"
    lead = " ".join(part for part in (where, labels, removed, score) if part)
    said = ": ".join(part for part in (lead, note.text) if part)
    who = ", ".join(part for part in (note.by, f"{note.ts[:16].replace('T', ' ')}Z") if part)
    return one_line(f"{said} ({who})", cells)
