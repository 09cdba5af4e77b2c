"""The fixture `steplog_run`: what a test runs, recorded and read back, for assertions and golden runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from steplog._auto import finder
from steplog._auto.switch import recording
from steplog._expect.expectation import Expectation, expect
from steplog._expect.golden import matches_golden
from steplog._expect.marked_tree import marked_tree

if TYPE_CHECKING:
    from steplog._auto.switch import Recording
    from steplog._read import Run

_NAME_CHARS: Final = "-_."
__tracebackhide__ = True  # pytest shows the test's line, and not ours


class ToolNames(list[str]):
    """The names of the tools that a run called; pytest shows the run where they are not those that were wanted."""

    def __init__(self, run: Run) -> None:
        """Those of this run."""
        super().__init__(run.tools)
        self.run = run


class TestedRun:
    """What a test runs, recorded: `run` once it ran, `runs` where there are several.

    ```python
    def test_the_agent_looks_it_up(steplog_run):
        agent.invoke({"messages": [("user", "Where is the Danube?")]})
        assert steplog_run.tools == ["search"]
        steplog_run.expect.called("search", query="Danube").no_errors()
    ```
    """

    __test__ = False  # pytest collects classes named like this one

    def __init__(self, record: Recording, test: Path, name: str, *, update: bool) -> None:
        """Made by the fixture: what `record` records, of the test `name` in the file `test`."""
        self._record = record
        self._test = test
        self._name = "".join(char if char.isalnum() or char in _NAME_CHARS else "_" for char in name)
        self._update = update

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that the test began so far, oldest first; those inside other runs are not among them."""
        found = self._record.runs
        ids = {run.id for run in found}
        return tuple(run for run in found if run.parent_run not in ids)

    @property
    def run(self) -> Run:
        """The newest of them. Raises `AssertionError` where the test ran nothing that is recorded."""
        runs = self.runs
        if not runs:
            raise AssertionError(
                f"steplog_run: nothing was recorded in {self._record.path}: the test ran no agent, or one whose runs are "
                "recorded elsewhere (a handler or a Recorder with a path of its own)"
            )
        return runs[-1]

    @property
    def tools(self) -> list[str]:
        """The names of the tools that the newest run called, in order."""
        return ToolNames(self.run)

    @property
    def expect(self) -> Expectation:
        """As `steplog.testing.expect` of the newest run."""
        return expect(self.run)

    def matches_golden(self, name: str | None = None) -> None:
        """The newest run does what it did when `pytest --steplog-update` wrote it to `golden/` beside the test.

        name: of the file, without `.jsonl`; by default the test's. Raises: AssertionError with the first difference.
        """
        file = self._test.parent / "golden" / f"{name or self._name}.jsonl"
        matches_golden(self.run, file, update=self._update)


def begin(folder: Path, test: Path, name: str, *, update: bool) -> tuple[TestedRun, Recording]:
    """Record from now on; into `folder`, unless the process is recorded already."""
    record = recording(None if finder.installed() else folder)
    return TestedRun(record, test, name, update=update), record


def tools_differ(left: object, right: object) -> list[str] | None:
    """What pytest says of two lists of tools that differ; None where neither is a run's."""
    run = next((side.run for side in (left, right) if isinstance(side, ToolNames)), None)
    if run is None or not isinstance(left, list) or not isinstance(right, list):
        return None
    called, wanted = (left, right) if isinstance(left, ToolNames) else (right, left)
    at = next(
        (at for at, (a, b) in enumerate(zip(called, wanted, strict=False)) if a != b),
        min(len(called), len(wanted)),
    )
    place = [step.number for step in run.steps if step.kind == "tool"][at : at + 1]
    note = "" if place else f"no call of {wanted[at]}"
    instead = f", wanted {wanted[at]}" if at < len(wanted) else ", wanted no more"
    first = f"first difference: {called[at]} (step {place[0]}){instead}" if place else note
    said = f"the run called {list(called)}, and not {list(wanted)}"
    return [said, first, *marked_tree(run, place, note).split("\n")]
