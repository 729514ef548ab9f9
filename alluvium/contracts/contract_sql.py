"""The SQL in contracts: column types, and checks that cannot raise on a bad value."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

RUN_COLUMNS = ("run_date", "run_date_end")
_SIMPLE = re.compile(
    r"^(string|boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|decimal\(\d{1,2},\d{1,2}\))$"
)
_NESTED = re.compile(r"^(array|map|struct)<.+>$")
_FORBIDDEN = (exp.Subquery, exp.Select, exp.Window, exp.AggFunc, exp.Alias)
_CONDITIONS = (exp.Predicate, exp.Connector, exp.Not, exp.Paren, exp.Func)


def type_mistake(text: str) -> str | None:
    """What is wrong with a column type; None when Spark knows it."""
    if _SIMPLE.match(text):
        return None
    if _NESTED.match(text):
        try:
            exp.DataType.build(text, dialect="spark")
        except (SqlglotError, ValueError):
            pass
        else:
            return None
    return f"{text!r} is not a type such as string, bigint, decimal(12,2), date, timestamp or array<string>"


def _parse(expression: str) -> exp.Expr:
    [tree] = sqlglot.parse(expression, read="spark")
    if tree is None:
        raise ValueError("empty")
    return tree


def check_mistake(expression: str, columns: Mapping[str, str]) -> str | None:
    """What is wrong with a check: it must be one condition over columns (name to type) and the run date."""
    try:
        tree = _parse(expression)
    except (SqlglotError, ValueError):
        return f"{expression!r} is not an SQL condition"
    if tree.find(*_FORBIDDEN):
        return "a check looks at one row: no subquery, window or aggregate"
    unknown = sorted(
        {column.parts[0].name for column in tree.find_all(exp.Column)} - {*columns, *RUN_COLUMNS}
    )
    if unknown:
        return f"unknown column {', '.join(map(repr, unknown))}"
    is_flag = isinstance(tree, exp.Column) and columns.get(tree.name) == "boolean"
    if not is_flag and not isinstance(tree, _CONDITIONS):
        return f"{expression!r} is not a condition that is true or false"
    return None


def columns_in(expression: str) -> set[str]:
    """The columns that a check names, the run date's among them."""
    return {column.parts[0].name for column in _parse(expression).find_all(exp.Column)}


def tolerant(expression: str) -> str:
    """The check as Spark runs it: a cast or division that cannot be done gives null instead of an error.

    An error would end the batch, and its text would carry a delivered value.
    """
    tree = _parse(expression)
    for division in list(tree.find_all(exp.Div)):
        division.replace(exp.Anonymous(this="try_divide", expressions=[division.this, division.expression]))
    for cast in list(tree.find_all(exp.Cast)):
        cast.replace(exp.TryCast(this=cast.this, to=cast.args["to"], safe=True))
    return tree.sql(dialect="spark")
