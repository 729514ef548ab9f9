"""Why a customer is in a segment, or is not: each condition with the customer's value and whether it held.

A rule document says its conditions itself. Of a SQL definition they are the parts of WHERE and HAVING that
AND joins; inner joins become outer ones, so that somebody whom a table lacks is still explained. In a
priority group it counts, too, whether a segment before it has the customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import sqlglot
from sqlglot import exp

from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import lake_sql
from spark_jobs.segments.query import DIALECT, bind

if TYPE_CHECKING:
    from spark_jobs.segments.definition import Definition
    from spark_jobs.segments.moment import Moment

STAYS = """
SELECT entered_at, left_at, definition_version FROM published.segment_members
WHERE segment = ? AND customer_id = ? ORDER BY entered_at
"""
KNOWN = "SELECT count(*) FROM gold.customers WHERE customer_id = ?"
HEIR = "SELECT customer_id FROM identity.redirects WHERE old_customer_id = ?"


@dataclass(frozen=True)
class Condition:
    """One condition as it was for one customer."""

    condition: str
    value: str | None
    held: bool


@dataclass(frozen=True)
class Explanation:
    """A customer and a segment on a night. `stays` are (first night, first night without, version)."""

    segment: str
    customer_id: str
    run_date: date
    is_found: bool
    conditions: Sequence[Condition]
    stays: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


class Question:
    """A connection to the lake as a night saw it, about one customer."""

    def __init__(self, view: lake_sql.View, definition: Definition, at: Moment, customer_id: str) -> None:
        self._view, self._duck = view, lake_sql.connection(view)
        self._definition = definition
        self._values = {**at.dates, **definition.values, "customer": customer_id}

    def ask(self, tree: exp.Select) -> list[tuple[Any, ...]]:
        """Rows of a query in Spark's dialect whose parameters may be `:customer` and the definition's."""
        query = bind(tree.sql(DIALECT), self._values, "duckdb")
        lake_sql.define(self._duck, self._view, query)
        try:
            return self._duck.execute(query).fetchall()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise AlluviumError(
                f"The segment cannot be explained: {reason}", where=self._definition.file
            ) from None

    def plain(self, query: str, *parameters: str) -> list[tuple[Any, ...]]:
        """Rows of a query in DuckDB's dialect; none when the lake lacks its table."""
        there = set(lake_sql.tables(self._view))
        if any(f"{schema}.{name}" not in there for schema, name in lake_sql.names_in(query)):
            return []
        return lake_sql.answer(self._duck, self._view, query, list(parameters)).fetchall()


def _tree(definition: Definition) -> exp.Select:
    tree = sqlglot.parse_one(definition.sql, dialect=DIALECT)
    assert isinstance(tree, exp.Select)
    return tree


def _conjuncts(clause: exp.Expr | None) -> list[exp.Expr]:
    if clause is None:
        return []
    condition = clause.this.unnest()
    return [part.unnest() for part in condition.flatten()] if isinstance(condition, exp.And) else [condition]


def _customer(tree: exp.Select) -> exp.Expr:
    output = tree.selects[0].unalias()
    return exp.EQ(this=output.copy(), expression=exp.Placeholder(this="customer"))


def _about(tree: exp.Select, columns: Sequence[exp.Expr], where: Sequence[exp.Expr]) -> exp.Select:
    """The query's tables with other columns and conditions; tables that lack the customer leave gaps."""
    asked = tree.copy()
    for join in asked.args.get("joins") or []:
        if not join.side and join.kind in ("", "INNER"):
            join.set("kind", None)
            join.set("side", "LEFT")
    for clause in ("group", "having", "order", "limit", "distinct"):
        asked.set(clause, None)
    named = [exp.alias_(column.copy(), f"a{place}") for place, column in enumerate(columns)]
    asked.set("expressions", named)
    asked.set("where", exp.Where(this=exp.and_(*[condition.copy() for condition in where])))
    return asked


def _looked_at(tree: exp.Select, condition: exp.Expr) -> list[exp.Expr]:
    """What the condition's truth hangs on: aggregates, else columns; not those of a query within it."""
    own = [
        part
        for part in condition.find_all(exp.AggFunc, exp.CountIf, exp.Column)
        if part.find_ancestor(exp.Select) is tree
    ]
    aggregates = [part for part in own if not isinstance(part, exp.Column)]
    found = aggregates or own
    return list({part.sql(DIALECT): part.copy() for part in found}.values())


def shown(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _of_rules(question: Question, definition: Definition) -> list[Condition]:
    tree = _tree(definition)
    columns = [part for leaf in definition.leaves for part in (leaf.value, leaf.holds)]
    rows = question.ask(_about(tree, columns, [_customer(tree)]))
    if not rows:
        return [Condition("is a customer of gold.customers", None, False)]
    pairs = zip(rows[0][::2], rows[0][1::2], strict=True)
    return [
        Condition(leaf.words, None if value is None else shown(value), bool(held))
        for leaf, (value, held) in zip(definition.leaves, pairs, strict=True)
    ]


def _by_row(question: Question, tree: exp.Select, conditions: list[exp.Expr]) -> list[Condition]:
    """Of several rows the one that comes nearest is shown."""
    looked = [_looked_at(tree, condition) for condition in conditions]
    columns = [*conditions, *(part for parts in looked for part in parts)]
    rows = question.ask(_about(tree, columns, [_customer(tree)]))
    if not rows:
        table = tree.args["from_"].this.sql(DIALECT) if "from_" in tree.args else "the first table"
        return [Condition(f"has a row in {table}", None, False)]
    best = max(rows, key=lambda row: sum(bool(held) for held in row[: len(conditions)]))
    values = iter(best[len(conditions) :])
    return [
        Condition(condition.sql(DIALECT), _pairs(parts, values), bool(held))
        for condition, parts, held in zip(conditions, looked, best, strict=False)
    ]


def _pairs(parts: list[exp.Expr], values: Any) -> str | None:
    return ", ".join(f"{part.sql(DIALECT)} = {shown(next(values))}" for part in parts) or None


def _by_group(
    question: Question, tree: exp.Select, rows: list[exp.Expr], groups: list[exp.Expr]
) -> list[Condition]:
    """Conditions of rows by how many rows keep them; conditions of the group by its figures."""
    counts = [exp.Count(this=exp.Star()), *(exp.CountIf(this=condition.copy()) for condition in rows)]
    total, *kept = question.ask(_about(tree, counts, [_customer(tree)]))[0]
    told = [
        Condition(condition.sql(DIALECT), f"{count or 0} of {total} rows", bool(count))
        for condition, count in zip(rows, kept, strict=True)
    ]
    looked = [_looked_at(tree, condition) for condition in groups]
    columns = [*groups, *(part for parts in looked for part in parts)]
    if not columns:
        return told
    figures = question.ask(_about(tree, columns, [*rows, _customer(tree)]))[0]
    values = iter(figures[len(groups) :])
    return told + [
        Condition(condition.sql(DIALECT), _pairs(parts, values), bool(held))
        for condition, parts, held in zip(groups, looked, figures, strict=False)
    ]


def _is_found(question: Question, definition: Definition) -> bool:
    tree = _tree(definition)
    found = exp.Subquery(this=tree, alias=exp.TableAlias(this=exp.to_identifier("found")))
    is_them = exp.EQ(this=exp.column("customer_id"), expression=exp.Placeholder(this="customer"))
    return bool(question.ask(exp.select("1").from_(found).where(is_them)))


def _of_group(
    view: lake_sql.View, definition: Definition, ahead: Sequence[Definition], at: Moment, customer_id: str
) -> list[Condition]:
    """Whether the segments before it in its priority group leave the customer to it."""
    if definition.priority is None:
        return []
    has = (one.name for one in ahead if _is_found(Question(view, one, at, customer_id), one))
    first = next(has, None)
    words = f"is in no segment before it in the priority group {definition.priority.group}"
    return [Condition(words, f"in {first}" if first else None, first is None)]


def explain(
    view: lake_sql.View,
    definition: Definition,
    at: Moment,
    customer_id: str,
    ahead: Sequence[Definition] = (),
) -> Explanation:
    """Ask each condition about the customer. `ahead` go before the segment in its priority group.

    Raises AlluviumError when the definition cannot be asked.
    """
    question = Question(view, definition, at, customer_id)
    heir = question.plain(HEIR, customer_id)
    if heir:
        do = f"Ask about {heir[0][0]}, under whom the customer goes on"
        raise AlluviumError(f"{customer_id} is a retired id", do=do)
    if question.plain(KNOWN, customer_id) == [(0,)]:
        what = f"There was no customer {customer_id!r} on the night of {at.run_date}"
        raise UsageError(what, do="`alluvium sql` with `select customer_id from gold.customers` lists them")
    tree = _tree(definition)
    rows, groups = _conjuncts(tree.args.get("where")), _conjuncts(tree.args.get("having"))
    if definition.leaves:
        conditions = _of_rules(question, definition)
    elif groups or tree.args.get("group"):
        conditions = _by_group(question, tree, rows, groups)
    else:
        conditions = _by_row(question, tree, rows)
    names = ("entered_at", "left_at", "definition_version")
    stays = [
        dict(zip(names, row, strict=True)) for row in question.plain(STAYS, definition.name, customer_id)
    ]
    standing = _of_group(view, definition, ahead, at, customer_id)
    found = _is_found(question, definition) and all(condition.held for condition in standing)
    return Explanation(definition.name, customer_id, at.run_date, found, [*conditions, *standing], stays)
