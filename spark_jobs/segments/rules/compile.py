"""From conditions to one SELECT, as a tree: no text of a document is ever read as SQL.

Each condition is a value per customer, joined to `gold.customers`, and a comparison of that value; so the
same query says who is in and, for one customer, why. Literals of the document become parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlglot
from sqlglot import exp

from spark_jobs.segments.rules.document import (
    AllOf,
    BoughtCondition,
    CampaignCondition,
    EventCondition,
    FieldCondition,
    Group,
    NoneOf,
    SequenceCondition,
    parts,
)
from spark_jobs.segments.rules.fields import FIELDS

Value = str | int | float | bool | date
COMPARISONS: Mapping[str, type[exp.Binary]] = {
    "is_": exp.EQ, "is_not": exp.NEQ, "at_least": exp.GTE, "at_most": exp.LTE, "above": exp.GT,
    "below": exp.LT, "on_or_after": exp.GTE, "before": exp.LT,
}  # fmt: skip


@dataclass(frozen=True)
class Leaf:
    """One condition: in words, the value it looks at, and whether it holds (over that value).

    `field` is the field that everybody in the segment must have so; empty within `any` and `none`.
    """

    words: str
    value: exp.Expr
    holds: exp.Expr
    field: str = ""


@dataclass
class Compiled:
    """The query, what its parameters stand for, and its conditions in the order of the document."""

    tree: exp.Select
    values: dict[str, Value] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def sql(self) -> str:
        """In Spark's dialect, with `:v1`, `:v2`, ... for the values."""
        return self.tree.sql("spark")


def _parsed(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, dialect="spark")


def _since(days: exp.Expr, column: str) -> str:
    """Days that end with the run date: 1 is the run date alone."""
    return f"{column} > DATE_SUB(:run_date, {days.sql('spark')}) AND {column} <= :run_date"


class Compiler:
    """Builds the tree of one document."""

    def __init__(self) -> None:
        self._made = Compiled(exp.select("customers.customer_id").from_("gold.customers AS customers"))

    def compile(self, rules: Any) -> Compiled:
        """The whole document."""
        holds = self._condition(rules)
        self._made.tree = self._made.tree.where(holds)
        return self._made

    def _parameter(self, value: Value) -> exp.Placeholder:
        name = f"v{len(self._made.values) + 1}"
        self._made.values[name] = value
        return exp.Placeholder(this=name)

    def _list(self, values: tuple[str, ...]) -> str:
        return ", ".join(self._parameter(value).sql("spark") for value in values)

    def _condition(self, condition: Any) -> exp.Expr:
        if isinstance(condition, Group):
            return self._group(condition)
        leaf = self._leaf(condition)
        self._made.leaves.append(leaf)
        return leaf.holds

    def _group(self, group: Any) -> exp.Expr:
        first = len(self._made.leaves)
        held = [exp.paren(self._condition(part)) for part in parts(group)]
        if isinstance(group, AllOf):
            return exp.and_(*held)
        is_none = isinstance(group, NoneOf)
        for place in range(first, len(self._made.leaves)):
            leaf = self._made.leaves[place]
            words = f"{'none' if is_none else 'any'} of: {leaf.words}"
            self._made.leaves[place] = Leaf(words, leaf.value, leaf.holds)
        return exp.not_(exp.paren(exp.or_(*held))) if is_none else exp.or_(*held)

    def _leaf(self, condition: Any) -> Leaf:
        if isinstance(condition, FieldCondition):
            return self._field(condition)
        if isinstance(condition, SequenceCondition):
            return self._sequence(condition)
        if isinstance(condition, EventCondition):
            return self._event(condition)
        if isinstance(condition, BoughtCondition):
            return self._bought(condition)
        assert isinstance(condition, CampaignCondition)
        return self._campaign(condition)

    def _joined(self, select: str) -> exp.Column:
        """Join a query of customer_id and value (one row per customer); returns its value."""
        name = f"c{len(self._made.leaves) + 1}"
        on = f"{name}.customer_id = customers.customer_id"
        subquery = exp.Subquery(this=_parsed(select), alias=exp.TableAlias(this=exp.to_identifier(name)))
        self._made.tree = self._made.tree.join(subquery, on=on, join_type="left")
        return exp.column("value", table=name)

    def _field(self, condition: FieldCondition) -> Leaf:
        known = FIELDS[condition.field]
        if known.table == "gold.customers":
            value: exp.Expr = exp.column(known.column, table="customers")
        else:
            horizon = ""
            if condition.horizon_days is not None:
                horizon = f" WHERE horizon_days = {self._parameter(condition.horizon_days).sql('spark')}"
            value = self._joined(f"SELECT customer_id, {known.column} AS value FROM {known.table}{horizon}")
        operator, given = condition.comparison
        words = _words(condition, operator, given)
        return Leaf(words, value, self._compared(value, operator, given), condition.field)

    def _compared(self, value: exp.Expr, operator: str, given: Any) -> exp.Expr:
        if operator == "is_missing":
            missing = exp.Is(this=value.copy(), expression=exp.null())
            return missing if given else exp.not_(exp.paren(missing))
        if operator == "one_of":
            held: exp.Expr = exp.In(this=value.copy(), expressions=[self._parameter(v) for v in given])
        elif operator.endswith("in_last_days"):
            held = exp.paren(_parsed(_since(self._parameter(given), value.sql("spark"))))
            held = exp.not_(held) if operator.startswith("not") else held
        else:
            held = COMPARISONS[operator](this=value.copy(), expression=self._parameter(given))
        return exp.func("COALESCE", held, exp.false())

    def _counting(self, condition: Any, what: str, select: str) -> Leaf:
        count = exp.func("COALESCE", self._joined(select), exp.Literal.number(0))
        bounds, words = [], []
        for name, kind in (("at_least", exp.GTE), ("at_most", exp.LTE)):
            bound = getattr(condition, name)
            if bound is not None:
                bounds.append(kind(this=count.copy(), expression=self._parameter(bound)))
                words.append(f"{name.replace('_', ' ')} {bound} times")
        sentence = f"{what} {' and '.join(words)} in the last {condition.in_last_days} days"
        return Leaf(sentence, count, exp.and_(*bounds))

    def _event(self, condition: EventCondition) -> Leaf:
        where = f"event = {self._parameter(condition.event).sql('spark')}"
        if condition.product_id is not None:
            where += f" AND product_id = {self._parameter(condition.product_id).sql('spark')}"
        since = _since(self._parameter(condition.in_last_days), "occurred_on")
        select = (
            "SELECT customer_id, COUNT(*) AS value FROM gold.customer_events "
            f"WHERE {where} AND {since} AND customer_id IS NOT NULL GROUP BY customer_id"
        )
        return self._counting(condition, f"{condition.event!r}", select)

    def _sequence(self, condition: SequenceCondition) -> Leaf:
        first, then = (
            self._parameter(name).sql("spark") for name in (condition.event, condition.not_followed_by)
        )
        days = self._parameter(condition.in_last_days)
        since = _since(days, "done.occurred_on")
        # An interval takes no parameter: a whole number of the document, within bounds.
        hours = f"INTERVAL '{int(condition.within_hours)}' HOURS"
        select = (
            "SELECT done.customer_id, COUNT(*) AS value FROM gold.customer_events AS done "
            "LEFT JOIN (SELECT customer_id, occurred_at FROM gold.customer_events "
            # What follows an event of the last days is of those days too: older files are not read.
            f"WHERE event = {then} AND occurred_on > DATE_SUB(:run_date, {days.sql('spark')})) "
            "AS after ON after.customer_id = done.customer_id "
            "AND after.occurred_at >= done.occurred_at "
            f"AND after.occurred_at <= done.occurred_at + {hours} "
            f"WHERE done.event = {first} AND {since} AND done.customer_id IS NOT NULL "
            f"AND done.occurred_at + {hours} <= :as_of "
            "AND after.customer_id IS NULL GROUP BY done.customer_id"
        )
        count = exp.func("COALESCE", self._joined(select), exp.Literal.number(0))
        words = (
            f"{condition.event!r} in the last {condition.in_last_days} days "
            f"and no {condition.not_followed_by!r} within {condition.within_hours} hours"
        )
        return Leaf(words, count, exp.GT(this=count.copy(), expression=exp.Literal.number(0)))

    def _bought(self, condition: BoughtCondition) -> Leaf:
        listed = self._list(condition.one_of)
        since = _since(self._parameter(condition.in_last_days), "lines.ordered_on")
        select = (
            "SELECT lines.customer_id, COUNT(*) AS value FROM gold.order_lines AS lines "
            "JOIN gold.products AS products ON products.product_id = lines.product_id "
            f"WHERE products.{condition.bought} IN ({listed}) AND {since} AND lines.customer_id IS NOT NULL "
            "GROUP BY lines.customer_id"
        )
        what = f"bought {condition.bought.replace('_', ' ')} {' or '.join(condition.one_of)}"
        return self._counting(condition, what, select)

    def _campaign(self, condition: CampaignCondition) -> Leaf:
        campaign = self._parameter(condition.received_campaign).sql("spark")
        select = (
            "SELECT customer_id, COUNT(*) AS value FROM gold.campaign_touches "
            f"WHERE campaign_id = {campaign} AND starts_on <= :run_date GROUP BY customer_id"
        )
        count = exp.func("COALESCE", self._joined(select), exp.Literal.number(0))
        holds = exp.GT(this=count.copy(), expression=exp.Literal.number(0))
        return Leaf(f"received campaign {condition.received_campaign}", count, holds)


def _words(condition: FieldCondition, operator: str, given: Any) -> str:
    what = " or ".join(given) if isinstance(given, tuple) else given
    horizon = f" within {condition.horizon_days} days" if condition.horizon_days else ""
    return f"{condition.field}{horizon} {operator.strip('_').replace('_', ' ')} {what}"


def compiled(rules: Any) -> Compiled:
    """The query of a document's rules."""
    return Compiler().compile(rules)
