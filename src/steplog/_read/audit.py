"""What in a log looks as if it was recorded wrongly, or not all of it: found while its lines go by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from steplog._read.withheld import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from steplog._format.record import Json, Record
    from steplog._read.files.stretch import Stretch

_AROUND: Final = frozenset({"tool", "node", "agent"})
_TELLING: Final = 16  # characters from which a text in two places is no chance
_MOST_TEXTS: Final = 20
_LONGEST: Final = 2000
_MOST_OPEN: Final = 1000
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that its program's author should look at.

    `kind` is `no_usage`, `no_price`, `recorded_twice`, `lost_config`, `cut` or `masked`; `count` how often it was met, `text` a sentence with
    the way out, `runs` the ids of some runs with it.
    """

    kind: str
    count: int
    text: str
    runs: tuple[str, ...] = ()


@dataclass(slots=True)
class _OpenStep:
    kind: str
    name: str
    texts: list[str]
    provider: str = ""


@dataclass(slots=True)
class _OpenRun:
    id: str
    name: str
    texts: list[str]
    steps: dict[int, _OpenStep] = field(default_factory=dict[int, _OpenStep])
    answers: set[str] = field(default_factory=set[str])
    around: tuple[str, str, int, _OpenStep] | None = (
        None  # run, its name, and the step in which this one seems to be
    )


class Audit:
    """Looks at every line of a log, and tells at the end."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._open: dict[str, dict[str, _OpenRun]] = {}  # by writer, by id
        self._without_usage: Counter[str] = Counter()
        self._silent_runs: dict[str, None] = {}
        self._models: Counter[tuple[str, str]] = Counter()
        self._withheld = Withheld()
        self._twice: dict[str, str] = {}
        self._lost: dict[str, str] = {}

    def take(self, stretch: Stretch) -> None:
        """Looks at the lines of a stretch, all of them parsed."""
        for row, record in enumerate(stretch.records):
            runs = self._open.setdefault(stretch.writers[row], {})
            ev = record["ev"]
            self._withheld.take(stretch.texts[row], record, _name(record, runs))
            if ev == "run.start":
                self._begin(record, runs)
            elif ev == "run.end":
                self._end(record, runs)
            elif (run := runs.get(record.get("run") or "")) is not None:
                self._note(record, ev, run)

    def _begin(self, record: Record, runs: dict[str, _OpenRun]) -> None:
        run = _OpenRun(record["run"], str(record.get("name") or ""), list(_texts(record.get("input"))))
        if run.id in runs:
            self._twice[run.id] = f"run {run.id} began while a run of the same id was open"
        elif len(runs) == 1 and "parent_run" not in record:
            (above,) = runs.values()
            run.around = _around(above, run)
        if len(runs) < _MOST_OPEN:
            runs[run.id] = run

    def _end(self, record: Record, runs: dict[str, _OpenRun]) -> None:
        run = runs.pop(record["run"], None)
        if run is None or run.around is None:
            return
        above, name, number, step = run.around
        if above in runs and runs[above].steps.get(number) is step:
            place = f"step {number} ({step.kind} {step.name}) of run {above} ({name})"
            self._lost[run.id] = f"run {run.id} ({run.name}) ran within {place} and was given the same text"

    def _note(self, record: Record, ev: str, run: _OpenRun) -> None:
        kind, _, what = ev.partition(".")
        number = record.get("step") or 0
        if what == "start" and (kind in _AROUND or kind == "llm"):
            given = record.get("args") if kind == "tool" else record.get("input")
            name = record.get("model") if kind == "llm" else record.get("name")
            run.steps[number] = _OpenStep(
                kind, str(name or ""), list(_texts(given)), str(record.get("provider") or "")
            )
        elif what == "end":
            step = run.steps.pop(number, None)
            if kind == "llm":
                self._note_answer(record, run, step)

    def _note_answer(self, record: Record, run: _OpenRun, step: _OpenStep | None) -> None:
        is_answer = not record.get("status") and not record.get("implied") and not record.get("cached")
        if is_answer and not record.get("usage"):
            self._without_usage[
                str(record.get("model") or (step.name if step else "")) or "unknown model"
            ] += 1
            self._silent_runs[run.id] = None
        elif is_answer:
            model, provider = (step.name, step.provider) if step else ("", "")
            self._models[str(record.get("model") or model), provider] += 1
        answer = record.get("response_id")
        if isinstance(answer, str) and not record.get("cached"):
            if answer in run.answers:
                self._twice.setdefault(run.id, f"run {run.id} has the answer {answer} in two steps")
            run.answers.add(answer)

    def findings(self) -> Iterator[Finding]:
        """What was found."""
        if self._lost:
            what = (
                "of its own, though it looks like a sub-agent that lost its config: pass the config on to it"
            )
            yield Finding(
                "lost_config", len(self._lost), _told(self._lost, f"a run {what}"), tuple(self._lost)
            )
        if self._twice:
            what = "recorded twice, as where one run has two handlers"
            yield Finding("recorded_twice", len(self._twice), _told(self._twice, what), tuple(self._twice))
        if self._without_usage:
            calls = self._without_usage.total()
            models = ", ".join(f"{model} {n}" for model, n in self._without_usage.most_common(_SHOWN))
            text = f"model calls without token counts, which are in no total and no cost: {calls} ({models})"
            yield Finding("no_usage", calls, text, tuple(self._silent_runs))
        yield from (Finding("cut", count, text) for count, text in self._withheld.cut())
        yield from (Finding("masked", count, text) for count, text in self._withheld.masked())

    @property
    def models(self) -> Mapping[tuple[str, str], int]:
        """The models that told what they used, each with its provider, and in how many calls."""
        return self._models


def _name(record: Record, runs: Mapping[str, _OpenRun]) -> str:
    """What a line is about: at an end, where the line names nothing, what its start named."""
    name = record.get("name") or record.get("model")
    run = runs.get(record.get("run") or "")
    if name or run is None:
        return str(name or "")
    step = run.steps.get(record.get("step") or 0)
    return step.name if step is not None else "" if "step" in record else run.name


def _around(above: _OpenRun, run: _OpenRun) -> tuple[str, str, int, _OpenStep] | None:
    """The step within which a run begins that was given a text of it, or of its run; None if there is none."""
    within = [(number, step) for number, step in above.steps.items() if step.kind in _AROUND]
    if not within:
        return None
    given = "\n".join(run.texts)
    number, step = within[-1]
    texts = [text for _, one in within for text in one.texts] + above.texts
    return (above.id, above.name, number, step) if any(text in given for text in texts) else None


def _texts(value: Json) -> Iterator[str]:
    """The first texts of a value that are long enough to tell something."""
    todo, found = [value], 0
    while todo and found < _MOST_TEXTS:
        one = todo.pop(0)
        if isinstance(one, str) and len(one) >= _TELLING:
            found += 1
            yield one[:_LONGEST]
        elif isinstance(one, dict):
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one[:_MOST_TEXTS])


def _told(cases: dict[str, str], what: str) -> str:
    some = list(cases.values())[:_SHOWN]
    more = f"; {len(cases) - _SHOWN} more" if len(cases) > _SHOWN else ""
    return f"{what}: {'; '.join(some)}{more}"
