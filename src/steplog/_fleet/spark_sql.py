"""DuckDB's SQL, in which the views and the figures are written, as Spark's: translated by sqlglot, with what it leaves over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from steplog._ask.tables.one_select import SqlError
from steplog._ask.tables.views import OF_RUNS

if TYPE_CHECKING:
    from collections.abc import Callable

Tree = Any  # sqlglot's, which is an extra

INSTALL: Final = "this needs Spark: pip install 'steplog[spark]'"
_QUARTER_OF_AN_HOUR: Final = 900  # seconds
_FORBIDDEN: Final = frozenset({"reflect", "java_method", "try_reflect"})  # what calls any method of Java


def as_spark(sql: str) -> str:
    """One SELECT in DuckDB's words as one in Spark's. Raises: SqlError if it is none."""
    return _said(_parsed(sql))


def checked(question: str) -> str:
    """A user's question as Spark's SQL, if it is one SELECT over the views and nothing else.

    Raises: SqlError.
    """
    from sqlglot import exp  # noqa: PLC0415 - an extra

    tree = _parsed(question)
    named = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        is_function = not isinstance(table.this, exp.Identifier)
        if is_function or table.args.get("db") is not None or table.name.lower() not in named | {*OF_RUNS}:
            raise SqlError(f"there is no view {table.sql()}: there are {', '.join(OF_RUNS)}")
    for call in tree.find_all(exp.Anonymous):
        if str(call.this).lower() in _FORBIDDEN:
            raise SqlError(f"{call.this} cannot be called: it does more than read the log")
    return _said(tree)


def _parsed(sql: str) -> Tree:
    try:
        import sqlglot  # noqa: PLC0415 - an extra
        from sqlglot import exp  # noqa: PLC0415 - as above
        from sqlglot.errors import SqlglotError  # noqa: PLC0415 - as above
    except ImportError:
        raise SqlError(INSTALL) from None
    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        raise SqlError(" ".join(str(error).split())) from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise SqlError("only one SELECT can be asked: a log is not changed, and nothing else is read")
    return trees[0]


def _said(tree: Tree) -> str:
    for change in _CHANGES:
        tree = tree.transform(change)
    said: str = tree.sql(dialect="spark")
    return said


def _call(name: str, *arguments: Tree) -> Tree:
    from sqlglot import exp  # noqa: PLC0415 - an extra

    return exp.Anonymous(this=name, expressions=list(arguments))


def _any_value(node: Tree) -> Tree:
    """`any_value` leaves out NULL in DuckDB."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    inner = node.this if isinstance(node, exp.IgnoreNulls) else node
    return _call("any_value", inner.this, exp.true()) if isinstance(inner, exp.AnyValue) else node


def _sorted_list(node: Tree) -> Tree:
    """`list(DISTINCT x ORDER BY x) FILTER (…)`, which is NULL where nothing is left."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    if not (isinstance(node, exp.Filter) and isinstance(node.this, exp.ArrayAgg)):
        return node
    inner = node.this.this
    while isinstance(inner, exp.Order | exp.Distinct):
        inner = inner.this or inner.expressions[0]
    found = exp.Filter(this=_call("collect_set", inner), expression=node.expression)
    return _call(
        "nullif", _call("array_sort", found), exp.cast(_call("array"), "array<string>", dialect="spark")
    )


def _microseconds(node: Tree) -> Tree:
    """`epoch_us(a - b)`: how far apart two times are."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    if not (_is_call(node, "epoch_us") and isinstance(_first(node), exp.Sub)):
        return node
    apart = _first(node)
    return exp.paren(exp.Sub(this=_since_1970(apart.this), expression=_since_1970(apart.expression)))


def _since_1970(moment: Tree) -> Tree:
    from sqlglot import exp  # noqa: PLC0415 - an extra

    return _call("unix_micros", exp.cast(moment.copy(), "timestamp_ltz", dialect="spark"))


def _percentiles(node: Tree) -> Tree:
    from sqlglot import exp  # noqa: PLC0415 - an extra

    if isinstance(node, exp.PercentileCont | exp.Quantile) or _is_call(node, "quantile_cont"):
        at = node.args.get("expression") or node.args.get("quantile") or node.expressions[1]
        return _call("percentile", node.this if not isinstance(node.this, str) else node.expressions[0], at)
    return node


def _day(node: Tree) -> Tree:
    """`date_trunc` gives a time with a zone: without one it is the same everywhere."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and not isinstance(node.parent, exp.Cast):
        unit = str(node.args["unit"].name).lower()
        return exp.cast(
            _call("date_trunc", exp.Literal.string(unit), node.this), "timestamp_ntz", dialect="spark"
        )
    return node


def _quarter(node: Tree) -> Tree:
    """`time_bucket(INTERVAL 15 MINUTES, x)`: the one bucket that prices are looked up by."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    is_bucket = isinstance(node, exp.DateBin) or _is_call(node, "time_bucket")
    if not is_bucket:
        return node
    moment = node.expression if isinstance(node, exp.DateBin) else node.expressions[1]
    seconds = _call("unix_seconds", exp.cast(moment, "timestamp_ltz", dialect="spark"))
    width = exp.Literal.number(_QUARTER_OF_AN_HOUR)
    begun = exp.Mul(this=_call("floor", exp.Div(this=seconds, expression=width)), expression=width.copy())
    return exp.cast(_call("timestamp_seconds", begun), "timestamp_ntz", dialect="spark")


def _pointer(node: Tree) -> Tree:
    """`metadata->>'/user'`: a key by a JSON pointer."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    if isinstance(node, exp.JSONExtractScalar | exp.JSONExtract):
        path = node.expression
        text = path.name if isinstance(path, exp.Literal) else ""
        if text.startswith("/"):
            key = text[1:].replace("~1", "/").replace("~0", "~").replace("'", "\\'")
            return _call("get_json_object", node.this, exp.Literal.string(f"$['{key}']"))
    return node


def _length(node: Tree) -> Tree:
    """`len(list_filter(…))`: `len` is of texts, too."""
    from sqlglot import exp  # noqa: PLC0415 - an extra

    is_of_list = isinstance(node, exp.Length) and isinstance(node.this, exp.ArrayFilter)
    return _call("size", node.this) if is_of_list else node


def _huge(node: Tree) -> Tree:
    from sqlglot import exp  # noqa: PLC0415 - an extra

    is_huge = isinstance(node, exp.DataType) and node.this is exp.DataType.Type.INT128
    return exp.DataType.build("DECIMAL(38, 0)", dialect="spark") if is_huge else node


def _is_call(node: Tree, name: str) -> bool:
    from sqlglot import exp  # noqa: PLC0415 - an extra

    return isinstance(node, exp.Anonymous) and str(node.this).lower() == name


def _first(node: Tree) -> Tree:
    return node.expressions[0]


_CHANGES: Final[tuple[Callable[[Tree], Tree], ...]] = (
    _sorted_list, _any_value, _microseconds, _percentiles, _day, _quarter, _pointer, _length, _huge,
)  # fmt: skip
