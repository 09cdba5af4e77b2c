"""What a thread has used before this process knew of it: a conversation that goes on elsewhere cannot spend twice."""

from __future__ import annotations

from collections.abc import Collection

from steplog._ask.spending import run_cost
from steplog._guard.limits import Spent
from steplog._read.errors import LogError
from steplog._read.log import read
from steplog._read.runs.run import Run

_WAITS = "interrupted"


def spent_earlier(
    path: str | None, thread: str, but: Collection[str], *, waiting_only: bool, priced: bool
) -> Spent:
    """What the runs of this thread in the log at `path` took, but for the runs with the ids `but`.

    waiting_only: of the interrupted runs alone that the newest one goes on from. priced: whether the cost is wanted, too.
    """
    if path is None:
        return Spent()
    try:
        mine = [run for run in read(path).runs if run.thread == thread]
        ids = {run.id for run in mine}
        # What is part of another run of the thread counts there; a sub-agent that was launched on it from another thread does not.
        runs = [run for run in mine if run.id not in but and run.parent_run not in ids]
        if waiting_only:
            runs = _waiting(runs)
        spent = Spent()
        for run in runs:
            spent += _of(run, priced=priced)
    except LogError:  # there is no log yet
        return Spent()
    return spent


def _waiting(runs: list[Run]) -> list[Run]:
    """The run that waits, and those that it goes on from."""
    if not runs or runs[-1].status != _WAITS:
        return []
    by_id = {run.id: run for run in runs}
    chain = [runs[-1]]
    while chain[-1].resumes in by_id:
        chain.append(by_id[chain[-1].resumes])
    return chain


def _of(run: Run, *, priced: bool) -> Spent:
    totals = run.totals
    tokens, steps = (
        sum(value for name in names if isinstance(value := totals.get(name), int))
        for names in (("input_tokens", "output_tokens"), ("steps",))
    )
    cost = run_cost(run) if priced else None
    return Spent(tokens, float(cost or 0), steps, (run.ms or 0) / 1000)
