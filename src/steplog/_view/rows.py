"""One run's row in the list, kept up to date line by line: what was asked and answered, what it came to, what it is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from steplog._ask.dimensions import MODEL_KINDS
from steplog._format.record import USAGE_FIELDS
from steplog._read.runs.times import moment
from steplog._show.preview import message_text
from steplog._view import prices, words
from steplog._view.calls import Calls
from steplog._view.sought import Sought

if TYPE_CHECKING:
    from steplog._format.record import Json, Record

_MOST_MARKS: Final = 28  # steps that the row's spark shows
_MOST_NAMES: Final = 40
_LEAST_LOOP: Final = 3
_SPARK: Final = {"llm": "l", "tool": "t", "retriever": "r", "embedding": "r", "rerank": "r", "interrupt": "h"}
_USAGE: Final = frozenset(USAGE_FIELDS)
_PLUMBING: Final = frozenset({"node", "chain"})


@dataclass(slots=True)
class _Open:
    """A step that has begun and not ended."""

    kind: str
    name: str
    model: str
    ts: str
    args: Json  # what it was called with
    provider: str
    inside: bool  # whether it works for a sub-agent
    mark: int  # its place in the spark, or -1


@dataclass(slots=True)
class RowBuilder:
    """What is known of a run after the lines that have gone by."""

    run: str
    start: dict[str, Any] = field(default_factory=dict[str, Any])
    end: dict[str, Any] | None = None
    first_ts: str = ""
    last_ts: str = ""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    usage: dict[str, int] = field(default_factory=dict[str, int])
    models: dict[str, None] = field(default_factory=dict[str, None])
    tools: dict[str, None] = field(default_factory=dict[str, None])
    calls: Calls = field(default_factory=Calls)
    sought: Sought = field(default_factory=Sought)
    spark: list[str] = field(default_factory=list[str])
    open: dict[int, _Open] = field(default_factory=dict[int, _Open])
    question: str = ""
    answer: str = ""
    asks: str = ""
    cost: float | None = None
    costs: dict[str, float] = field(default_factory=dict[str, float])  # of each model call, by its step
    chars: list[int] = field(default_factory=lambda: [0, 0])
    _same: tuple[str, Json] = ("", None)
    _repeats: int = 0

    def note(self, record: Record) -> None:
        """Takes one line of the run."""
        kind, _, what = record["ev"].partition(".")
        ts = str(record.get("ts") or "")
        self.first_ts, self.last_ts = self.first_ts or ts, max(self.last_ts, ts)
        if kind == "run":
            self._note_run(record, what)
        elif what == "start":
            self._note_start(record, kind)
        elif what == "point":
            self._note_point(record, kind)
        elif what == "end":
            self._note_end(record, kind)

    def _note_run(self, record: Record, what: str) -> None:
        self.sought.note(record, "run", "")
        if what == "start":
            self.start = _small(record)
            given = record.get("input")
            self.question = words.head(words.asked(given))
            self.chars[0] = _whole(record.get("chars"))
        elif what == "end" and (self.end is None or not record.get("implied")):
            self.end = _small(record)
            output = record.get("output")
            if not self.answer and output is not None:
                self.answer = words.head(words.asked(output))
            self.chars[1] = _whole(record.get("chars")) or self.chars[1]

    def _note_start(self, record: Record, kind: str) -> None:
        step, name = record.get("step"), str(record.get("name") or record.get("model") or "")
        self._add("steps")
        self._add({"llm": "llm_calls", "tool": "tool_calls"}.get(kind, ""))
        if _whole(record.get("attempt")) > 1:
            self._add("retries")
        if kind == "llm" and isinstance(record.get("model"), str):
            _keep(self.models, record["model"])
        if kind == "tool":
            _keep(self.tools, name)
            self._note_loop(name, record.get("args"))
        above = self.open.get(record.get("parent") or 0)
        is_inside = above is not None and (above.inside or above.kind == "agent")
        mark = self._mark(kind)
        if isinstance(step, int):
            provider = str(record.get("provider") or "")
            self.open[step] = _Open(
                kind,
                name,
                _text(record.get("model")),
                str(record.get("ts") or ""),
                record.get("args"),
                provider,
                is_inside,
                mark,
            )

    def _note_point(self, record: Record, kind: str) -> None:
        self._add("steps")
        self._mark(kind)
        if kind == "retry":
            self._add("retries")
        elif kind == "interrupt":
            self.asks = words.head(words.question(record.get("value")))
        elif kind == "resume":
            self.asks = ""

    def _note_end(self, record: Record, kind: str) -> None:
        began = self.open.pop(record.get("step") or 0, None)
        if began is None:
            began = _Open(
                kind, str(record.get("name") or ""), "", "", None, "", inside=False, mark=self._mark(kind)
            )
            self._add("steps")
        error = record.get("error")
        # A step that an error only passes through names where it came from: the error counts once, there.
        is_failed = record.get("status") == "error" and not (isinstance(error, dict) and "step" in error)
        if is_failed:
            self._add("errors")
            if began.mark >= 0:
                self.spark[began.mark] = "x"
        self.sought.note(record, kind, began.name)
        cost = self._note_answer(record, began) if kind in MODEL_KINDS else None
        name = _call_name(began, _text(record.get("model")) or began.model)
        if name:
            self.calls.note(name, record, is_failed=is_failed, cost=cost)

    def _note_answer(self, record: Record, began: _Open) -> float | None:
        usage = record.get("usage")
        if isinstance(record.get("model"), str):
            _keep(self.models, record["model"])
        message = record.get("message")
        if not began.inside and isinstance(message, dict):
            self.answer = words.head(message_text(words.said(cast("Record", message))) or self.answer)
        self.chars[1] = _whole(record.get("chars")) or self.chars[1]
        if not isinstance(usage, dict):
            self._add("untold", 0 if record.get("status") == "error" or began.kind != "llm" else 1)
            return None
        if record.get("cached"):
            return None
        for name, value in usage.items():
            if isinstance(value, int) and name in _USAGE:
                self.usage[name] = self.usage.get(name, 0) + value
        found = prices.cost(_text(record.get("model")) or began.model, began.provider, usage, began.ts)
        if found is None:
            self._add("unpriced")
        else:
            self.cost = (self.cost or 0.0) + found
            if began.kind == "llm":
                self.costs[str(record.get("step"))] = round(found, 9)
        return found

    def _note_loop(self, name: str, args: Json) -> None:
        same = (name, args)
        self._repeats = self._repeats + 1 if same == self._same else 1
        self._same = same
        self.counts["loop"] = max(self.counts.get("loop", 0), self._repeats)

    def _mark(self, kind: str) -> int:
        sign = _SPARK.get(kind)
        if sign is None or len(self.spark) >= _MOST_MARKS:
            return -1
        self.spark.append(sign)
        return len(self.spark) - 1

    def _add(self, name: str, amount: int = 1) -> None:
        if name and amount:
            self.counts[name] = self.counts.get(name, 0) + amount

    def in_flight(self) -> list[dict[str, Any]]:
        """The steps at work: without those that only wait for a step in them."""
        known = [s for s in self.open.values() if s.kind not in _PLUMBING]
        calls = [s for s in known if s.kind != "agent"] or known
        return [
            _known(
                {
                    "kind": s.kind,
                    "name": s.name,
                    "started": epoch_ms(s.ts),
                    "what": words.head(words.given(s.args), 80),
                }
            )
            for s in calls[-5:]
        ]

    def row(self, status: str, *, key: str, program: str, file: str, content: str) -> dict[str, Any]:
        """The row as `page/src/data/wire.ts` describes it; what is unknown is absent."""
        start, end, counts = self.start, self.end or {}, self.counts
        totals = _mapping(end.get("totals"))
        began = epoch_ms(start.get("ts") or self.first_ts)
        last = epoch_ms(self.last_ts)
        masked = end.get("masked")
        told = {**self.usage, **{n: v for n, v in totals.items() if n in _USAGE}}
        loop = counts.get("loop", 0)
        fields: dict[str, Any] = {
            "key": key, "id": self.run, "name": str(start.get("name") or ""), "framework": start.get("framework"), "status": status,
            "started": began, "ms": end.get("ms") if self.end else (last - began if last and began else None), "last": last,
            **{name: totals.get(name, counts.get(name, 0)) for name in ("steps", "llm_calls", "tool_calls", "errors")},
            "retries": max(counts.get("retries", 0), _whole(totals.get("retries"))),
            "usage": told, "untold": counts.get("untold", 0), "cost": self.cost, "unpriced": counts.get("unpriced", 0),
            "models": list(self.models), "tools": list(self.tools), "question": self.question, "answer": self.answer,
            "error": words.error(end.get("error")), "asks": self.asks, "doing": self.in_flight() if not self.end else None,
            "thread": start.get("thread"), "program": program, "spark": "".join(self.spark),
            "loop": loop if loop >= _LEAST_LOOP else None,
            "masked": sum(n for n in masked.values() if isinstance(n, int)) if isinstance(masked, dict) else None,
            "resumes": start.get("resumes"), "parent_run": start.get("parent_run"), "parent_step": start.get("parent_step"),
            "file": file, "content": content if content != "full" else None, "chars": self.chars if any(self.chars) else None,
            "calls": self.calls.told(filter(None, (_call_name(step, step.model) for step in self.open.values()))),
            **self.sought.told(),
        }  # fmt: skip
        return _known(fields)


_KEPT: Final = (
    "ts", "id", "name", "framework", "thread", "resumes", "parent_run", "parent_step", "status", "ms", "totals", "masked", "error",
)  # fmt: skip
_ALWAYS: Final = frozenset({"name", "question", "answer", "program", "spark", "steps", "llm_calls", "tool_calls", "errors", "usage", "models", "tools", "calls"})  # fmt: skip


def _small(record: Record) -> dict[str, Any]:
    return {name: record[name] for name in _KEPT if name in record}


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in fields.items() if n in _ALWAYS or (v is not None and v != "" and v != [])}


def _keep(names: dict[str, None], name: str) -> None:
    if name and len(names) < _MOST_NAMES:
        names[name] = None


def _mapping(value: Json) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _call_name(step: _Open, model: str) -> str:
    """Under which name the sums of calls count a step; empty if they do not."""
    if step.kind in MODEL_KINDS:
        return f"llm {model}"
    return f"{step.kind} {step.name}" if step.kind in ("tool", "node") else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def epoch_ms(ts: object) -> float | None:
    """Milliseconds since 1970 that a `ts` says."""
    found = moment(ts)
    return None if found is None else round(found.timestamp() * 1000, 3)
