"""What calls cost: prices put on sums of tokens, by model, tier and time, as exactly as on each call."""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from steplog._ask.dimensions import MODEL_KINDS
from steplog._ask.prices import Rates, Tariff, price_of, tariff
from steplog._ask.said import Usage, model_of, usage_of
from steplog._ask.tables.columns import TOKENS
from steplog._read.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from steplog._ask.tables.database import Database
    from steplog._read.runs.run import Run
    from steplog._show.views import StepView


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Calls without a price: their model, its provider, how many, and in words why."""

    model: str
    provider: str
    calls: int
    why: str

    def __str__(self) -> str:
        """The same as a sentence."""
        whose = f" of {self.provider}" if self.provider else ""
        return f"no price for {self.calls} {'call' if self.calls == 1 else 'calls'} of {self.model or '(no model)'}{whose}: {self.why}"


@dataclass(slots=True)
class Spending:
    """What was spent in US dollars, and the calls that have no price."""

    cost: Decimal = Decimal(0)
    priced: int = 0
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])

    def add(self, other: Spending) -> None:
        """Adds another's."""
        self.cost += other.cost
        self.priced += other.priced
        self.reasons.update(other.reasons)

    @property
    def known(self) -> Decimal | None:
        """What was spent; None if no call has a price."""
        return self.cost if self.priced else None

    @property
    def unpriced(self) -> tuple[Unpriced, ...]:
        """The calls without a price, by model and reason, the most first."""
        return tuple(
            Unpriced(model, provider, calls, why)
            for (model, provider, why), calls in self.reasons.most_common()
        )


def spending_of(steps: Iterable[StepView]) -> Spending:
    """What these steps of a run cost together."""
    spent = Spending()
    for step in steps:
        if not _is_charged(step):
            continue
        model, provider = model_of(step), _text(step.fields.get("provider"))
        price = price_of(usage_of(step), model, provider, step.started)
        _book(spent, price, 1, model, provider)
    return spent


def run_cost(run: Run) -> Decimal | None:
    """What a run cost, in US dollars; None if nothing in it has a price."""
    return spending_of(run.steps).known


def cost_of(run: Run) -> Decimal | None:
    """The same without keeping the run's content; None, too, if its file is gone."""
    try:
        return run_cost(copy(run))
    except LogError:
        return None


def _is_charged(step: StepView) -> bool:
    """Whether the step is a model call that a provider asks money for: not one from a cache, nor one that failed unused."""
    if step.kind not in MODEL_KINDS or step.fields.get("cached"):
        return False
    used = usage_of(step)
    return step.status == "ok" or bool(used.input or used.output)


def _book(spent: Spending, price: Decimal | str, calls: int, model: str, provider: str) -> None:
    if isinstance(price, str):
        spent.reasons[model, provider, price] += calls
    else:
        spent.cost += price
        spent.priced += calls


_CHARGED: Final = f"kind IN {MODEL_KINDS} AND cached IS NOT TRUE AND (status = 'ok' OR input_tokens > 0 OR output_tokens > 0)"
_SUMS: Final = ", ".join(f"sum(coalesce({name}, 0))" for name in TOKENS)
_ODD: Final = (
    "(coalesce(input_tokens, 0) = 0 AND coalesce(output_tokens, 0) = 0) "
    "OR coalesce(cache_read_tokens, 0)::HUGEINT + coalesce(cache_write_tokens, 0) > coalesce(input_tokens, 0) "
    "OR coalesce(reasoning_tokens, 0) > coalesce(output_tokens, 0)"
)


def spend(
    held: Database, columns: Iterable[str], *, only_priced: bool = False
) -> dict[tuple[Any, ...], Spending]:
    """What the rows of the table `counted` cost, by the values of its `columns`; only_priced: only of models that have a price.

    The tokens of one model, tier and time are summed up first: within these a price is the same for each token.
    """
    _tell_tariffs(held)
    keys = "".join(f"{column}, " for column in columns)
    sql = f"""
        SELECT {keys} model, provider, tier, period, odd, count(*), {_SUMS} FROM (
            SELECT {keys} counted.model, coalesce(counted.provider, '') AS provider,
                len(list_filter(starts, lambda start: coalesce(input_tokens, 0) > start)) AS tier,
                CASE changes WHEN 'daily' THEN date_trunc('day', started)
                             WHEN 'hourly' THEN time_bucket(INTERVAL 15 MINUTES, started) END AS period,
                CASE WHEN {_ODD} THEN ({", ".join(TOKENS)}) END AS odd, {", ".join(TOKENS)}
            FROM counted {"JOIN" if only_priced else "LEFT JOIN"} tariffs ON tariffs.model = coalesce(counted.model, '')
                AND tariffs.provider = coalesce(counted.provider, '')
            WHERE {_CHARGED}
        ) GROUP BY ALL
    """
    found: dict[tuple[Any, ...], Spending] = {}
    width, priced = len(list(columns)), cache(_rates)  # there are many rows, and few prices
    for row in held.rows(sql):
        model, provider, tier, period, odd, calls, *tokens = row[width:]
        usage = Usage(*(count or 0 for count in odd)) if odd else Usage(*tokens)
        rates = usage.problem if odd else priced(model or "", provider, tier, period)
        price = rates if isinstance(rates, str) else rates.price(usage, calls)
        _book(found.setdefault(tuple(row[:width]), Spending()), price, calls, model or "", provider)
    return found


def _rates(model: str, provider: str, tier: int, period: datetime | None) -> Rates | str:
    found = tariff(model, provider)
    if not isinstance(found, Tariff):
        return found
    return found.rates(None if period is None else period.replace(tzinfo=UTC), tier)


def _tell_tariffs(held: Database) -> None:
    """The table `tariffs`: for each model from how many input tokens on, and how finely by time, its prices differ."""
    held.connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS tariffs (model VARCHAR, provider VARCHAR, starts BIGINT[], changes VARCHAR)"
    )
    if held.rows("SELECT 1 FROM tariffs LIMIT 1"):
        return
    models = f"SELECT DISTINCT coalesce(model, ''), coalesce(provider, '') FROM counted WHERE {_CHARGED}"
    for model, provider in held.rows(models):
        found = tariff(model, provider)
        if isinstance(found, Tariff):
            values = [model, provider, list(found.thresholds), found.changes]
            held.connection.execute("INSERT INTO tariffs VALUES (?, ?, ?, ?)", values)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
