"""Answers over a log, one function a command: which runs, where a phrase stands, what failed, what it cost, what differs.

```python
import steplog
from steplog import ask

log = steplog.read("logs")
for run in ask.find(log, ask.parse("status:error since:2h")):
    print(ask.postmortem(run).as_json())
print(ask.stats(log, by=["model", "day"]).as_json())
```

Each gives plain frozen values whose `as_json()` is what the command prints with `--json`. `stats`, `cost`, `sql`, `df`, `pl`
and `arrow` need DuckDB, and prices come from genai-prices: `pip install 'steplog[query]'`.
"""

from __future__ import annotations

from steplog._ask.below import Totals, roots_of, totals_below
from steplog._ask.budget import told
from steplog._ask.compactions import Compaction, Gone, compactions
from steplog._ask.conversation import Conversation, Turn, conversation, thread
from steplog._ask.cost import Costs, cost
from steplog._ask.data import run_data, step_data
from steplog._ask.diff import Dearer, Diff, Divergence, Pair, Sides, diff
from steplog._ask.errors import ErrorKind, Led, errors
from steplog._ask.find import find
from steplog._ask.fork import Fork, fork
from steplog._ask.grep import Hit, Shown, grep, shown
from steplog._ask.listing import Listing, Row, Sums, listing
from steplog._ask.own_prices import PriceError
from steplog._ask.patterns import Pattern
from steplog._ask.postmortem import Failure, InFlight, PostMortem, postmortem
from steplog._ask.prompt_diff import MessageChange, PromptDiff, prompt_diff
from steplog._ask.query import Query, QueryError, parse
from steplog._ask.recurring import Recurrence, recurring
from steplog._ask.spending import Unpriced, run_cost
from steplog._ask.sql import Answer, arrow, df, pl, schema, sql
from steplog._ask.stats import Figures, Ranked, Spread, Stats, stats
from steplog._ask.tables.one_select import SqlError
from steplog._ask.version_diff import Change, VersionDiff, version_diff
from steplog._ask.versions import Version, versions
from steplog._ask.waste import Waste, waste

__all__ = [
    "Answer",
    "Change",
    "Compaction",
    "Conversation",
    "Costs",
    "Dearer",
    "Diff",
    "Divergence",
    "ErrorKind",
    "Failure",
    "Figures",
    "Fork",
    "Gone",
    "Hit",
    "InFlight",
    "Led",
    "Listing",
    "MessageChange",
    "Pair",
    "Pattern",
    "PostMortem",
    "PriceError",
    "PromptDiff",
    "Query",
    "QueryError",
    "Ranked",
    "Recurrence",
    "Row",
    "Shown",
    "Sides",
    "Spread",
    "SqlError",
    "Stats",
    "Sums",
    "Totals",
    "Turn",
    "Unpriced",
    "Version",
    "VersionDiff",
    "Waste",
    "arrow",
    "compactions",
    "conversation",
    "cost",
    "df",
    "diff",
    "errors",
    "find",
    "fork",
    "grep",
    "listing",
    "parse",
    "pl",
    "postmortem",
    "prompt_diff",
    "recurring",
    "roots_of",
    "run_cost",
    "run_data",
    "schema",
    "shown",
    "sql",
    "stats",
    "step_data",
    "thread",
    "told",
    "totals_below",
    "version_diff",
    "versions",
    "waste",
]
