"""What a segment's SQL may be: one SELECT of customer_id, over what the rooms to its left have made.

The statement is parsed, checked as a tree and written out again, so that what was checked is what runs. It
reads `ml` tables as of the run's as-of date, and the recommendations of the night before; `<table>_history`
gives all that is kept. Time comes in as `:run_date`, `:as_of_date` (the first day not seen) and `:as_of` (the
first moment not seen), never from a clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from alluvium.errors import AlluviumError

DIALECT = "spark"
PARAMETERS = ("run_date", "as_of_date", "as_of")
RECOMMENDATIONS = ("published", "recommendations")
HISTORY = "_history"

# The same night must give the same customers: no clock, no chance, no session.
_UNREPEATABLE = (
    exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentTimezone,
    exp.CurrentUser, exp.CurrentCatalog, exp.CurrentSchema, exp.CurrentDatabase, exp.SessionUser,
    exp.Localtime, exp.Localtimestamp, exp.Rand, exp.Randn, exp.Randstr, exp.Uniform, exp.Shuffle, exp.Uuid,
)  # fmt: skip
# `transform ... using` would start a program on the server.
_FORBIDDEN = {
    exp.QueryTransform: "a script",
    exp.TableSample: "a random sample",
    exp.Hint: "a hint",
    exp.Into: "a target table",
    exp.Parameter: "a variable",
    exp.Star: "*",
    exp.Version: "a version of a table",
}  # fmt: skip
# Functions of Spark that the parser has no class for, and that only compute.
_PLAIN_FUNCTIONS = frozenset(
    [
        "bround",
        "every",
        "isnotnull",
        "isnull",
        "make_date",
        "make_timestamp",
        "pmod",
        "some",
        "try_to_date",
        "weekday",
    ]
)


def _line(node: exp.Expr) -> int:
    """The line of the node, or of the first of its parts that knows it."""
    return next((part.meta["line"] for part in node.walk() if "line" in part.meta), 1)


def _refuse(what: str, file: str, line: int, do: str) -> AlluviumError:
    return AlluviumError(what, where=f"{file}, line {line}", do=do)


def _statement(text: str, file: str) -> exp.Select:
    try:
        statements = [
            statement for statement in sqlglot.parse(text, dialect=DIALECT) if statement is not None
        ]
    except ParseError as error:
        first = error.errors[0] if error.errors else {"description": str(error), "line": 1}
        raise _refuse(
            f"The SQL cannot be read: {first['description']}", file, first["line"], "Mend it"
        ) from None
    except TokenError:
        raise _refuse(
            "The SQL cannot be read: a quote or comment is not closed", file, 1, "Close it"
        ) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        line = _line(statements[1]) if len(statements) > 1 else 1
        raise _refuse("A segment is exactly one SELECT", file, line, "Leave only the SELECT")
    return statements[0]


def _check_output(select: exp.Select, file: str) -> None:
    if [column.alias_or_name for column in select.selects] != ["customer_id"]:
        raise _refuse(
            "A segment gives one column, customer_id", file, _line(select), "Write `select customer_id`"
        )


def _is_own_name(table: exp.Table, own_names: set[str]) -> bool:
    return not table.db and not table.catalog and table.name.lower() in own_names


def _is_readable(table: exp.Table) -> bool:
    if not isinstance(table.this, exp.Identifier) or table.catalog:
        return False
    schema, name = table.db.lower(), table.name.lower().removesuffix(HISTORY)
    return schema in ("gold", "ml") or (schema, name) == RECOMMENDATIONS


def _check_tables(select: exp.Select, file: str) -> None:
    own_names = {cte.alias.lower() for cte in select.find_all(exp.CTE)}
    tables = [table for table in select.find_all(exp.Table) if not _is_own_name(table, own_names)]
    for table in tables:
        if not _is_readable(table):
            name = table.sql(DIALECT, comments=False)
            do = "Read gold, ml or published.recommendations, as schema.table"
            raise _refuse(f"A segment may not read {name}", file, _line(table), do)
    if not tables:
        raise _refuse("A segment reads at least one table", file, _line(select), "Add `from gold.customers`")


def _unrepeatable(select: exp.Select) -> Iterator[exp.Expr]:
    for function in select.find_all(exp.Func):
        is_unknown = isinstance(function, exp.Anonymous) and function.name.lower() not in _PLAIN_FUNCTIONS
        if is_unknown or isinstance(function, _UNREPEATABLE):
            yield function


def _check_parts(select: exp.Select, file: str, parameters: frozenset[str]) -> None:
    for node in select.find_all(*_FORBIDDEN):
        if not (isinstance(node, exp.Star) and isinstance(node.parent, exp.Count)):
            raise _refuse(
                f"A segment may not use {_FORBIDDEN[type(node)]}", file, _line(node), "Leave it out"
            )
    for function in _unrepeatable(select):
        name = function.sql(DIALECT, comments=False).partition("(")[0].lower()
        do = "Use :run_date or :as_of_date for dates, and functions that only compute"
        raise _refuse(f"A segment may not use {name}", file, _line(function), do)
    for placeholder in select.find_all(exp.Placeholder):
        if placeholder.name not in PARAMETERS and placeholder.name not in parameters:
            raise _refuse(
                f"There is no parameter :{placeholder.name}",
                file,
                _line(placeholder),
                "Use :run_date, :as_of_date or :as_of",
            )


def _newest(table: exp.Table) -> exp.Expr:
    """What the night may see of a table that keeps a slice a night."""
    if (table.db.lower(), table.name.lower()) == RECOMMENDATIONS:
        column, bound = "run_date", "run_date < :run_date"
    else:
        column, bound = "as_of_date", "as_of_date <= :as_of_date"
    source = f"{table.db}.{table.name}"
    newest = f"SELECT MAX({column}) FROM {source} WHERE {bound}"
    slice_ = sqlglot.parse_one(f"SELECT * FROM {source} WHERE {column} = ({newest})", dialect=DIALECT)
    return exp.Subquery(this=slice_, alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))


def _restricted(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Table) or node.db.lower() not in ("ml", "published"):
        return node
    if node.name.lower().endswith(HISTORY):
        alias = node.alias_or_name
        kept = node.copy()
        kept.set("this", exp.to_identifier(node.name[: -len(HISTORY)]))
        return exp.alias_(kept, alias, table=True) if not node.alias else kept
    return _newest(node)


def compile_query(text: str, file: str, parameters: frozenset[str] = frozenset()) -> str:
    """The SQL that runs for the SQL that was written. `parameters` are known besides the dates.

    Raises AlluviumError with file and line for anything but one repeatable SELECT of customer_id over gold,
    ml and the recommendations.
    """
    select = _statement(text, file)
    _check_parts(select, file, parameters)
    _check_output(select, file)
    _check_tables(select, file)
    return select.transform(_restricted).sql(DIALECT, comments=False)


def _literal(value: object) -> exp.Expr:
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, int | float):
        number = exp.Literal.number(repr(abs(value)))
        return exp.Neg(this=number) if value < 0 else number
    if isinstance(value, date):
        kind = "timestamptz" if isinstance(value, datetime) else "date"
        return exp.cast(exp.Literal.string(value.isoformat()), kind)
    return exp.Literal.string(str(value))


def bind(
    sql: str, values: Mapping[str, object], dialect: str = DIALECT, replaced: Mapping[str, str] | None = None
) -> str:
    """Put the values in the place of the parameters, in the tree, and write it for an engine.

    `spark.sql(sql, args)` cannot do it: Delta's parser drops the arguments (delta-io/delta#7640). `replaced`
    names tables for which another relation stands, in the engine's own SQL.
    """
    others = {
        name: sqlglot.parse_one(f"SELECT * FROM {relation}", dialect=dialect)
        for name, relation in (replaced or {}).items()
    }

    def bound(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Placeholder):
            return _literal(values[node.name])
        other = others.get(f"{node.db}.{node.name}".lower()) if isinstance(node, exp.Table) else None
        if other is None:
            return node
        return exp.Subquery(
            this=other.copy(), alias=exp.TableAlias(this=exp.to_identifier(node.alias_or_name))
        )

    return sqlglot.parse_one(sql, dialect=DIALECT).transform(bound).transform(_shifted).sql(dialect)


def _shifted(node: exp.Expr) -> exp.Expr:
    """`date_sub('2017-11-02', 6)` as the date it is: by a constant an engine leaves out files."""
    if not isinstance(node, exp.TsOrDsAdd):
        return node
    day, number = node.this, _whole(node.expression)
    is_date = isinstance(day, exp.Cast) and day.is_type("date") and isinstance(day.this, exp.Literal)
    if not is_date or number is None or str(node.args.get("unit") or "DAY").upper() != "DAY":
        return node
    try:
        return _literal(date.fromisoformat(day.this.name) + timedelta(days=number))
    except (OverflowError, ValueError):
        return node


def _whole(number: exp.Expr) -> int | None:
    """The value of a whole number, as `date_sub` and `date_add` are read; None for anything else."""
    if isinstance(number, exp.Mul):
        factors = [_whole(number.left), _whole(number.right)]
        return None if None in factors else math.prod(factor for factor in factors if factor is not None)
    if isinstance(number, exp.Neg | exp.Paren):
        value = _whole(number.this)
        return -value if value is not None and isinstance(number, exp.Neg) else value
    return int(number.name) if isinstance(number, exp.Literal) and number.is_int else None


def tables_of(sql: str) -> frozenset[str]:
    """`schema.table` of every table that a compiled query reads."""
    tables = sqlglot.parse_one(sql, dialect=DIALECT).find_all(exp.Table)
    return frozenset(f"{table.db}.{table.name}".lower() for table in tables if table.db)


# Functions that Spark and DuckDB answer alike, as the parser translates them. A test asks both.
_SAME_EVERYWHERE = (
    exp.And, exp.Or, exp.Xor, exp.Sum, exp.Count, exp.CountIf, exp.Max, exp.Min, exp.Avg, exp.Cast,
    exp.TryCast, exp.Coalesce, exp.If, exp.Case, exp.Lower, exp.Upper, exp.Abs, exp.TsOrDsAdd, exp.DateAdd,
    exp.DateSub,
    exp.DateDiff, exp.TsOrDsDiff, exp.RowNumber, exp.Exists, exp.Greatest, exp.Least,
)  # fmt: skip


def is_portable(sql: str) -> bool:
    """Whether DuckDB gives the rows that Spark gives."""
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    if any(not isinstance(function, _SAME_EVERYWHERE) for function in tree.find_all(exp.Func)):
        return False
    divisors = [division.expression for division in tree.find_all(exp.Div, exp.Mod, exp.IntDiv)]
    return all(isinstance(divisor, exp.Literal) and divisor.name.strip("0.") for divisor in divisors)
