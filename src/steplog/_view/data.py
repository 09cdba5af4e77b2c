"""The page's data: a row for each run, and a whole run as its raw lines; `page/src/data/wire.ts` is the other side.

A whole run is bytes: the head as one JSON line, then the run's lines as they stand in the log, then `[tail]` as one JSON line.
Before lines that do not follow the one before them in its file stands `[file, number]`: where the next one is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from steplog._view import prices
from steplog._view.calls import Calls
from steplog._view.content import reduced
from steplog._view.rows import RowBuilder
from steplog._view.run_lines import Span, Stretch, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from steplog._format.record import Content, Json
    from steplog._read import Run

_LLM_END: Final = b'"ev":"llm.end"'
_LLM_START: Final = b'"ev":"llm.start"'
Row = dict[str, Any]


def row_of(run: Run, *, exact: bool = False) -> Row:
    """A run's row, from its lines; `exact`: with the duration of each call.

    Raises: LogError if its files are gone.
    """
    builder = RowBuilder(run.id, calls=Calls(exact=exact))
    for record in run.records():
        builder.note(record)
    found = builder.row(
        run.status,
        key=run.id,
        program=program_of(run.writer),
        file=run.file.name,
        content=content_of(run.writer),
    )
    return {**found, "masked": sum(run.masked.values())} if run.masked else found


def program_of(writer: Mapping[str, Json]) -> str:
    """The program that wrote a log, as its `log.open` says."""
    return str(writer.get("argv0") or "")


def content_of(writer: Mapping[str, Json]) -> str:
    """How much of what was said a log keeps, as its `log.open` says."""
    return str(writer.get("content") or "full")


@dataclass(slots=True)
class WholeRun:
    """A run's row, where its lines lie, and what the page is told besides.

    `only` names the lines meant (`seq`, `ts`) where the files hold several runs of the same id.
    `costs` are those of its model calls by their step, as JSON; None: they are worked out while the lines go by.
    """

    row: Row
    spans: Sequence[Span]
    writer: Mapping[str, Json]
    damage: Sequence[str] = ()
    content: Content = "full"
    only: frozenset[tuple[int, str]] | None = None
    costs: orjson.Fragment | None = None

    @property
    def files(self) -> list[str]:
        """The names of its files; `[file, …]` counts from 0 in them."""
        return [span.file.name for span in self.spans]

    def pieces(self) -> Iterator[bytes]:
        """The whole run, in pieces of whole lines.

        Raises: LogError if a file is gone.
        """
        head = {"run": self.row["key"], "row": self.row, "files": self.files, "writer": dict(self.writer)}
        yield orjson.dumps(head) + b"\n"
        costing = Costing({})
        following = (0, 0)
        for file, stretch in self._stretches(costing):
            if (file, stretch.number) != following:
                yield b"[%d,%d]\n" % (file, stretch.number)
            yield stretch.raw
            following = (file, stretch.following)
        tail = {"costs": self.costs or costing.costs, "damage": self.damage}
        yield b"[%b]\n" % orjson.dumps({name: told for name, told in tail.items() if told})

    def _stretches(self, costing: Costing) -> Iterator[tuple[int, Stretch]]:
        found = in_order(self.spans, self.row["id"])
        if self.content == "full" and self.only is None and (self.costs or not prices.are_known()):
            return found
        return (
            (file, Stretch(line.number, line.offset, raw + b"\n"))
            for file, stretch in found
            for line in stretch.lines()
            if (raw := self._kept(line.raw, costing)) is not None
        )

    def _kept(self, raw: bytes, costing: Costing) -> bytes | None:
        needs_record = self.content != "full" or self.only is not None or costing.wants(raw)
        if not needs_record:
            return raw
        record: Any = orjson.loads(raw)
        if self.only is not None and (record.get("seq"), record.get("ts")) not in self.only:
            return None
        costing.note(record)
        return raw if self.content == "full" else orjson.dumps(reduced(record, self.content))


@dataclass(slots=True)
class Costing:
    """The cost of each model call, while the lines go by."""

    costs: dict[str, float]
    _asked: dict[int, tuple[str, str, str]] = field(default_factory=dict[int, "tuple[str, str, str]"])

    def wants(self, raw: bytes) -> bool:
        """Whether a line tells something about what a call cost."""
        return prices.are_known() and (_LLM_END in raw[:200] or _LLM_START in raw[:200])

    def note(self, record: Mapping[str, Any]) -> None:
        """Takes a line."""
        step = record.get("step")
        if not isinstance(step, int) or not prices.are_known():
            return
        if record["ev"] == "llm.start":
            told = (record.get("model"), record.get("provider"), record.get("ts"))
            self._asked[step] = (str(told[0] or ""), str(told[1] or ""), str(told[2] or ""))
        elif record["ev"] == "llm.end" and isinstance(record.get("usage"), dict) and not record.get("cached"):
            model, provider, ts = self._asked.pop(step, ("", "", str(record.get("ts") or "")))
            found = prices.cost(str(record.get("model") or model), provider, record["usage"], ts)
            if found is not None:
                self.costs[str(step)] = round(found, 9)


def whole_run(run: Run, *, content: Content = "full", damage: Sequence[str] = ()) -> WholeRun:
    """A run of the reader's, ready for the page.

    Raises: LogError if its files are gone.
    """
    only = frozenset(
        (record["seq"], record["ts"]) for record in run.records() if "seq" in record and "ts" in record
    )
    row = row_of(run, exact=True)
    if content != "full":
        row = _reduced_row(row, content)
    return WholeRun(row, [Span(file) for file in run.files], run.writer, damage, content, only)


def _reduced_row(row: Row, content: Content) -> Row:
    """A row that says no more than the lines beside it."""
    row = {**row, "content": content}
    texts = ("question", "answer", "asks")
    if content == "none":
        row.update(
            dict.fromkeys(("question", "answer"), ""),
            chars=[len(row.get("question", "")), len(row.get("answer", ""))],
        )
        row.pop("asks", None)
        row["doing"] = [{k: v for k, v in step.items() if k != "what"} for step in row.get("doing", [])]
        if "error" in row:
            row["error"] = {"type": row["error"]["type"], "message": ""}
        return row
    return {**row, **{name: row[name][:200] for name in texts if name in row}}


def listing(rows: Iterable[Any], state: Mapping[str, Any], following: int | None = None) -> bytes:
    """What the list is given."""
    return orjson.dumps({"state": dict(state), "rows": list(rows), "next": following})
