"""The bound of one column in a definition: the comparison with a number that all its members must meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from alluvium.errors import AlluviumError
from spark_jobs.segments.query import DIALECT

if TYPE_CHECKING:
    from spark_jobs.segments.definition import Definition


@dataclass(frozen=True)
class Bound:
    """The comparison of a definition that the target moves: `column` at least, or at most, `now`."""

    column: exp.Expr
    condition: exp.Expr
    is_floor: bool
    now: float


def tree_of(definition: Definition) -> exp.Select:
    """The query as a tree."""
    tree = sqlglot.parse_one(definition.sql, dialect=DIALECT)
    assert isinstance(tree, exp.Select)
    return tree


def _conjuncts(tree: exp.Select) -> Iterator[exp.Expr]:
    where = tree.args.get("where")
    if where is None:
        return
    condition = where.this.unnest()
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        yield part.unnest()


def _number(side: exp.Expr, definition: Definition) -> float | None:
    if isinstance(side, exp.Placeholder):
        value = definition.values.get(side.name)
        return float(value) if isinstance(value, int | float) else None
    try:
        return float(side.sql(DIALECT))
    except ValueError:
        return None


def _is_meant(definition: Definition, by: str, column: exp.Expr) -> bool:
    if definition.leaves:
        return any(
            leaf.field == by and leaf.value.sql(DIALECT) == column.sql(DIALECT) for leaf in definition.leaves
        )
    return isinstance(column, exp.Column) and column.name == by


def bound_of(definition: Definition, tree: exp.Select, by: str) -> Bound:
    """The one comparison of `by` with a number that all members must meet.

    Raises AlluviumError when there is none.
    """
    for part in [] if tree.args.get("group") else _conjuncts(tree):
        compared = part.this.unnest() if isinstance(part, exp.Coalesce) else part
        if not isinstance(compared, exp.GT | exp.GTE | exp.LT | exp.LTE):
            continue
        number = _number(compared.expression, definition)
        if number is not None and _is_meant(definition, by, compared.this):
            return Bound(compared.this, part, isinstance(compared, exp.GT | exp.GTE), number)
    do = f"Write a condition such as `{by} > 0.4` that AND joins to the others"
    raise AlluviumError(f"The target has no bound of {by} to move", where=definition.file, do=do)


def without(tree: exp.Select, bound: Bound) -> exp.Select:
    """Everybody whom the other conditions find, with the value of the column."""
    rest = [part.copy() for part in _conjuncts(tree) if part is not bound.condition]
    known = exp.not_(exp.paren(exp.Is(this=bound.column.copy(), expression=exp.null())))
    opened = tree.copy()
    customer = opened.selects[0].unalias()
    opened.set(
        "expressions", [exp.alias_(customer.copy(), "customer_id"), exp.alias_(bound.column.copy(), "value")]
    )
    opened.set("where", exp.Where(this=exp.and_(*rest, known)))
    return opened
