"""`expect(run)`: what a test demands of a run's trajectory, in sentences that can be chained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, Self

from steplog._ask.diff import diff
from steplog._ask.said import args_of, own_error
from steplog._ask.spending import spending_of
from steplog._expect.answers import answer_of, likeness
from steplog._expect.marked_tree import marked_tree
from steplog._read.runs.run import Run
from steplog._show.diff_page import diff_lines
from steplog._show.look import PLAIN
from steplog._show.preview import as_text
from steplog._show.terminal_text import as_json, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steplog._read.runs.step import Step

_CELLS: Final = 300
__tracebackhide__ = True  # pytest shows the test's line, and not ours


class HasRun(Protocol):
    """What stands for a run: the fixture `steplog_run`."""

    @property
    def run(self) -> Run:
        """The run."""
        ...


def expect(run: Run | HasRun) -> Expectation:
    """Demand something of a run, or of what the fixture `steplog_run` recorded.

    ```python
    import steplog
    from steplog.testing import expect

    with steplog.Recorder("logs") as recorder, recorder.run("nightly") as run, run.tool("search", args={"q": "tea"}):
        pass
    expect(recorder.runs[-1]).called("search", q="tea").never_called("delete").no_errors().at_most(steps=2)
    ```

    What does not hold raises `AssertionError` with the run's tree, in which the place is marked.
    """
    return Expectation(run if isinstance(run, Run) else run.run)


class Expectation:
    """Demands on one run; each gives this very object, so that they can be chained."""

    def __init__(self, run: Run) -> None:
        """Made by `expect`."""
        self._run = run

    def called(self, tool: str, /, **args: Any) -> Self:
        """The tool was called with these arguments, and perhaps with more.

        A value is compared with `==`; a function is called with the argument and says whether it will do.
        """
        calls = self._calls(tool)
        if not any(_fits(step, args) for step in calls):
            wanted = (
                f" with {', '.join(f'{name}={_shown(value)}' for name, value in args.items())}"
                if args
                else ""
            )
            if not calls:
                self._fail(f"{tool} was never called", note=f"no call of {tool}{wanted}")
            self._fail(f"{tool} was never called{wanted}", calls)
        return self

    def never_called(self, *tools: str) -> Self:
        """None of these tools was called."""
        calls = [step for tool in tools for step in self._calls(tool)]
        if calls:
            self._fail(f"{' and '.join(dict.fromkeys(step.name for step in calls))} was called", calls)
        return self

    def in_order(self, *tools: str) -> Self:
        """These tools were called in this order, perhaps with others before, between and after."""
        wanted = list(tools)
        found: list[Step] = []
        for step in self._calls():
            if wanted and step.name == wanted[0]:
                wanted.pop(0)
                found.append(step)
        if wanted:
            after = f" after {found[-1].name} (step {found[-1].number})" if found else ""
            note = f"no call of {wanted[0]}{after}"
            self._fail(f"the tools were not called in the order {', '.join(tools)}: {note}", found, note)
        return self

    def no_errors(self) -> Self:
        """No step failed, and nor did the run; a tool's error that the agent got over counts, too."""
        failed = [step for step in self._run.steps if step.status == "error" and own_error(step) is not None]
        failed = failed or [step for step in self._run.steps if step.status == "error"]
        if failed:
            self._fail(
                f"{len(failed)} {'step' if len(failed) == 1 else 'steps'} failed: {_what_failed(failed[0])}",
                failed,
            )
        if self._run.status != "ok":
            error = self._run.error or {}
            self._fail(
                f"the run ended as {self._run.status}", note=one_line(as_text(error.get("message")), _CELLS)
            )
        return self

    def at_most(
        self,
        *,
        tokens: int | None = None,
        cost: float | None = None,
        steps: int | None = None,
        seconds: float | None = None,
    ) -> Self:
        """The run took no more than this: tokens read and written, US dollars, steps as `steplog ls` counts them, seconds.

        A run with a model call that has no price fails where a `cost` is asked for.
        """
        self._limit("tokens", tokens, sum(_tokens(step) for step in self._run.steps), _tokens)
        self._limit("steps", steps, _number(self._run.totals.get("steps")), lambda _: 1)
        self._limit("seconds", seconds, (self._run.ms or 0) / 1000, lambda step: (step.ms or 0) / 1000)
        if cost is not None:
            spent = spending_of(self._run.steps)
            if spent.unpriced:
                self._fail(f"the cost is not known: {'; '.join(map(str, spent.unpriced))}")
            self._limit("US dollars", cost, float(spent.cost), lambda step: float(spending_of([step]).cost))
        return self

    def answered_like(self, reference: Run | HasRun | str, *, at_least: float = 1.0) -> Self:
        """The run gave the same answer as a run, or this text: the same words in the same order.

        Case and punctuation do not count. at_least: the share of the words, 0 to 1, that must be the same.
        """
        other = reference if isinstance(reference, str | Run) else reference.run
        wanted, given = other if isinstance(other, str) else answer_of(other), answer_of(self._run)
        share = likeness(wanted, given)
        if share < at_least:
            last = [step for step in self._run.steps if step.kind == "llm"][-1:]
            sides = f"  wanted: {one_line(wanted, _CELLS)}\n  given:  {one_line(given, _CELLS)}"
            much = f" ({share:.0%} of the words are the same, wanted {at_least:.0%})" if at_least < 1 else ""
            self._fail(f"the answer is another one{much}\n{sides}", last)
        return self

    def same_as(self, reference: Run | HasRun) -> Self:
        """The run did the same as another one, as `steplog diff` says: the same calls, prompts, results and answer."""
        other = reference if isinstance(reference, Run) else reference.run
        found = diff(other, self._run)
        if found.first is not None:
            told = "\n".join(f"  {line}" for line in diff_lines(found.as_json(), PLAIN))
            place = [found.first.b] if found.first.b else []
            self._fail(f"the run is not what it was (A: the reference, B: this run)\n{told}", place)
        return self

    # -- shared

    def _calls(self, tool: str | None = None) -> list[Step]:
        return [step for step in self._run.steps if step.kind == "tool" and tool in (None, step.name)]

    def _limit(self, what: str, most: float | None, used: float, of: Any) -> None:
        if most is None or used <= most:
            return
        calls = [step for step in self._run.steps if step.kind in ("llm", "tool", "retriever")]
        taken = 0.0
        place = next((step for step in calls if (taken := taken + of(step)) > most), None)
        where = (
            f", more than that from step {place.number} on" if place is not None and what != "seconds" else ""
        )
        self._fail(f"{used:g} {what}, at most {most:g} were wanted{where}", [] if place is None else [place])

    def _fail(self, words: str, places: Sequence[Step | int] = (), note: str = "") -> NoReturn:
        numbers: Iterable[int] = (place if isinstance(place, int) else place.number for place in places)
        raise AssertionError(f"{words}\n{marked_tree(self._run, numbers, note)}")


def _fits(step: Step, wanted: dict[str, Any]) -> bool:
    given = args_of(step)
    if not wanted:
        return True
    if not isinstance(given, dict):
        return False
    return all(
        name in given and (value(given[name]) if callable(value) else given[name] == value)
        for name, value in wanted.items()
    )


def _shown(value: object) -> str:
    return getattr(value, "__name__", "a function") if callable(value) else one_line(repr(value), _CELLS)


def _what_failed(step: Step) -> str:
    error = step.error
    said = step.message if error is None else None
    text = (
        as_json(said) if said is not None else f"{(error or {}).get('type')}: {(error or {}).get('message')}"
    )
    return one_line(f"{step.kind} {step.name} (step {step.number}): {text}", _CELLS)


def _tokens(step: Step) -> int:
    return sum(_number(step.usage.get(name)) for name in ("input_tokens", "output_tokens"))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
