"""Many runs in figures: calls, errors, tokens, cost and durations, by whatever tells them apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from heapq import nlargest
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.counting import gather
from steplog._ask.dimensions import MODEL_KINDS, dimensions
from steplog._ask.lost_steps import lost_steps
from steplog._ask.prices import price_sources
from steplog._ask.spending import Spending, Unpriced, spend
from steplog._ask.sql import notes
from steplog._ask.tables.agent_versions import tell_versions
from steplog._ask.tables.columns import TOKENS
from steplog._ask.tables.database import Database, database

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from steplog._read.log import Log

_QUANTILES: Final = "[0.5, 0.95, 0.99]"


@dataclass(frozen=True, slots=True)
class Spread:
    """How a duration spreads, in milliseconds: half, 95 and 99 of 100 are at most so long, and the longest."""

    p50: float
    p95: float
    p99: float
    max: float

    def as_json(self) -> dict[str, float]:
        """The figures by name, to the microsecond."""
        # Engines differ in the last bit of what lies between two durations; a half of a microsecond then goes either way.
        return {name: round(round(getattr(self, name), 6), 3) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Figures:
    """One group of runs or calls, or all of them.

    `group` has a value for each thing grouped by, None where there is none. `calls` are model, tool and retrieval calls,
    `model_calls` those of models and embeddings, and `errors` count where they began. The tokens are sums; `cost` is in US dollars, None where nothing has a price, and
    `unpriced` counts the model calls without one. `duration` is that of the runs or of the calls, as `Stats.of` says;
    `first_token` is the time to the first token of streamed answers.
    """

    group: tuple[str | None, ...]
    runs: int
    calls: int
    model_calls: int
    errors: int
    tokens: dict[str, int]
    cost: Decimal | None
    unpriced: int
    duration: Spread | None
    first_token: Spread | None

    def as_json(self, by: Sequence[str]) -> dict[str, Any]:
        """The figures as plain JSON; absent what is unknown, cost as a number."""
        found: dict[str, Any] = dict(zip(by, self.group, strict=False))
        found |= {
            "runs": self.runs,
            "calls": self.calls,
            "model_calls": self.model_calls,
            "errors": self.errors,
        }
        found |= self.tokens
        if self.cost is not None:
            found["cost"] = float(self.cost)
        if self.unpriced:
            found["unpriced"] = self.unpriced
        for name, spread in (("ms", self.duration), ("ttft_ms", self.first_token)):
            if spread is not None:
                found[name] = spread.as_json()
        return found


@dataclass(frozen=True, slots=True)
class Ranked:
    """A run among the slowest or dearest: its id, its name, and its milliseconds or US dollars."""

    run: str
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures by group, the largest first, and over all.

    `of` says whether durations are those of `runs` or of `calls`: of calls as soon as they are grouped by something that a
    call has (model, tool, node, agent, error). `unpriced` are the model calls that no price is known for, `sources` where
    the prices are from, `notes` what to know about the log, in sentences.
    """

    by: tuple[str, ...]
    of: str
    groups: tuple[Figures, ...]
    total: Figures
    slowest: tuple[Ranked, ...]
    dearest: tuple[Ranked, ...]
    unpriced: tuple[Unpriced, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The figures as plain JSON."""
        return {
            "by": list(self.by),
            "of": self.of,
            "groups": [group.as_json(self.by) for group in self.groups],
            "total": self.total.as_json(()),
            "slowest": [{"run": each.run, "name": each.name, "ms": each.value} for each in self.slowest],
            "dearest": [{"run": each.run, "name": each.name, "cost": each.value} for each in self.dearest],
            "unpriced": [asdict(each) for each in self.unpriced],
            "price_sources": list(self.sources),
            "notes": list(self.notes),
        }


def stats(
    log: Log,
    by: Sequence[str] = (),
    *,
    runs: Collection[str] | None = None,
    prices: bool = True,
    ranked: int = 3,
) -> Stats:
    """The log in figures, grouped by what `by` names: model, tool, node, agent, name, day, hour, thread, label, version,
    status, error, or `meta.KEY`; several make a group of each combination. A day and an hour are those in which the run began, in
    UTC. A run with several labels counts in the group of each, and once in the total.

    With `runs` only runs of these ids count; without `prices` nothing is priced. `ranked`: how many of the slowest and
    dearest runs are named. Raises: QueryError for an unknown `by`; LogError without DuckDB.
    """
    with database(log, views_for(by), runs=runs) as held:
        if any(each.needs_versions for each in dimensions(by)):
            tell_versions(held, log, runs)
        return stats_of(held, by, prices=prices, ranked=ranked)


def views_for(by: Sequence[str]) -> list[str]:
    """The views that figures grouped so need. Raises: QueryError for an unknown `by`."""
    chosen = dimensions(by)
    runs = ["runs"] if any(each.needs_runs for each in chosen) else []
    return [*runs, "notes"] if any(each.needs_labels for each in chosen) else runs


def stats_of(held: Database, by: Sequence[str], *, prices: bool, ranked: int) -> Stats:
    """As `stats`, of a database that is open."""
    chosen = dimensions(by)
    of = "calls" if any(each.is_of_calls for each in chosen) else "runs"
    plain = [each for each in chosen if not each.needs_labels]
    columns, has_labels = [f"g{at}" for at in range(len(chosen))], len(plain) < len(chosen)
    gather(held, plain, of)
    spent = spend(held, [] if has_labels else columns) if prices else None
    everything = None if spent is None else {(): _all(spent.values())}
    total = _figures(_summed(held, [], of)[0], 0, everything)
    slowest, dearest = _slowest(held, ranked), _dearest(held, ranked) if prices and ranked else ()
    if has_labels:  # with which a run may be in several groups
        gather(held, chosen, of, again=True)
        spent = spend(held, columns) if prices else None
    groups = [_figures(row, len(columns), spent) for row in _summed(held, columns, of)] if columns else []
    groups.sort(key=_rank)
    return Stats(
        by=tuple(by),
        of=of,
        groups=tuple(groups),
        total=total,
        slowest=slowest,
        dearest=dearest,
        unpriced=everything[()].unpriced if everything else (),
        sources=price_sources() if prices else (),
        notes=(*notes(held), *lost_steps(held)),
    )


def _rank(figures: Figures) -> tuple[Any, ...]:
    """The dearest first, then who used most; equal ones by name, so that the same log gives the same order."""
    return -(figures.cost or 0), -sum(figures.tokens.values()), -figures.calls, list(map(str, figures.group))


def _summed(held: Database, columns: Sequence[str], of: str) -> list[tuple[Any, ...]]:
    keys = "".join(f"{column}, " for column in columns)
    grouped = f"GROUP BY {', '.join(columns)}" if columns else ""
    timed = "kind = 'run'" if of == "runs" else "is_call"
    return held.rows(f"""
        SELECT {keys} count(DISTINCT (run, nth)), count(*) FILTER (is_call),
            count(*) FILTER (kind IN {MODEL_KINDS}), count(*) FILTER (failed),
            {", ".join(f"coalesce(sum({name}), 0)" for name in TOKENS)},
            quantile_cont(ms, {_QUANTILES}) FILTER ({timed}), max(ms) FILTER ({timed}),
            quantile_cont(ttft_ms, {_QUANTILES}), max(ttft_ms)
        FROM counted {grouped}
    """)


def _figures(row: tuple[Any, ...], width: int, spent: Mapping[tuple[Any, ...], Spending] | None) -> Figures:
    runs, calls, model_calls, errors, *tokens = row[width : width + 4 + len(TOKENS)]
    times = row[width + 4 + len(TOKENS) :]
    costs = Spending() if spent is None else spent.get(tuple(row[:width]), Spending())
    return Figures(
        group=tuple(row[:width]),
        runs=runs,
        calls=calls,
        model_calls=model_calls,
        errors=errors,
        tokens=dict(zip(TOKENS, tokens, strict=True)),
        cost=None if spent is None else costs.known,
        unpriced=costs.reasons.total(),
        duration=_spread(*times[:2]),
        first_token=_spread(*times[2:]),
    )


def _spread(quantiles: Sequence[float] | None, longest: float | None) -> Spread | None:
    if quantiles is None or longest is None:
        return None
    half, most, nearly_all = quantiles
    return Spread(half, most, nearly_all, longest)


def _all(spent: Iterable[Spending]) -> Spending:
    total = Spending()
    for each in spent:
        total.add(each)
    return total


def _slowest(held: Database, ranked: int) -> tuple[Ranked, ...]:
    found = held.rows(
        "SELECT run, coalesce(name, ''), ms FROM facts WHERE ms IS NOT NULL ORDER BY ms DESC, run LIMIT ?",
        [ranked],
    )
    return tuple(Ranked(*row) for row in found)


def _dearest(held: Database, ranked: int) -> tuple[Ranked, ...]:
    costs = (
        (each.cost, run, nth)
        for (run, nth), each in spend(held, ["run", "nth"], only_priced=True).items()
        if each.cost
    )
    names: dict[tuple[str, int], str] = {
        (run, nth): name for run, nth, name in held.rows("SELECT run, nth, coalesce(name, '') FROM facts")
    }
    return tuple(Ranked(run, names[run, nth], float(cost)) for cost, run, nth in nlargest(ranked, costs))
