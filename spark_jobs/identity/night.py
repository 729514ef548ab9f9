"""The records of a night in numbers, with what identifiers and people say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from spark_jobs.identity import cluster, compare, exact, standardise
from spark_jobs.identity.compare import Forms
from spark_jobs.identity.contradiction import Contradictions
from spark_jobs.identity.decisions import Decisions, numbered
from spark_jobs.identity.guard import Guard, kept_together
from spark_jobs.identity.kept import Kept
from spark_jobs.identity.model import Model
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules
from spark_jobs.identity.timing import Timer

IDENTIFIER = ("record_key", "kind", "key", "is_owner")
CERTAIN = 2.0  # weight of a link by an identifier
MANUAL = "manual"


def _plain(text: str) -> str:
    return text


@dataclass(frozen=True)
class Given:
    """What a match run is told beside the records: rules, a frozen model, decisions, how values are keyed.

    `values` (record_key, value) orders the review queue; `kept` is what the last night compared.
    """

    rules: Rules
    model: Model | None = None
    decisions: pl.DataFrame | None = None
    key_of: Callable[[str], str] = _plain
    timer: Timer = field(default_factory=Timer)
    values: pl.DataFrame | None = None
    kept: Kept | None = None


@dataclass(frozen=True)
class Exact:
    """Links by identifiers and people that hold, the clusters they make, and what must stay apart."""

    links: pl.DataFrame
    labels: Ints
    guard: Guard


@dataclass(frozen=True)
class Night:
    """`values`: identifiers that may link, one row per record, kind and key."""

    records: pl.DataFrame
    forms: Forms
    values: pl.DataFrame
    links: exact.ExactLinks
    decisions: Decisions

    def exact(self, contradictions: Contradictions, limit: int) -> Exact:
        """The clusters of at most `limit` records that identifiers and people make."""
        count, links = self.records.height, self.links.links
        alone = np.arange(count)
        guard = Guard.of(self.forms, contradictions, Decisions(cannot=self.decisions.cannot), alone)
        left, right = links["left"].to_numpy(), links["right"].to_numpy()
        keep = cluster.kept_links(count, left, right, np.full(len(left), CERTAIN), guard.among, limit)
        held = links.filter(pl.Series(keep)).with_columns(pl.lit(1.0).alias("probability"))
        labels = cluster.components(count, held["left"].to_numpy(), held["right"].to_numpy())
        guard = Guard.of(self.forms, contradictions, self.decisions, labels)
        one, other = kept_together(self.decisions, labels)
        manual = pl.DataFrame({"left": one, "right": other}).with_columns(
            pl.lit(MANUAL).alias("rule"), pl.lit(1.0).alias("probability")
        )
        held = pl.concat([held, manual.cast(held.schema)])  # type: ignore[arg-type]
        labels = cluster.components(count, held["left"].to_numpy(), held["right"].to_numpy())
        return Exact(held, labels, guard)

    def placed(self) -> pl.DataFrame:
        """Identifiers; records that somebody put somewhere count as if they had a name."""
        by_hand = np.union1d(*self.decisions.must)
        return self.values.with_columns(pl.col("is_named") | pl.col("number").is_in(by_hand.tolist()))

    def names(self) -> pl.DataFrame:
        """number, first, last, year of birth of the records that have a name."""
        year = pl.col("birth_date").dt.year().alias("year")
        return self.records.filter("is_named").select("number", "first", "last", year)


def prepared(records: pl.DataFrame, identifiers: pl.DataFrame, given: Given) -> Night:
    """Number the records, and find the links by identifiers."""
    with given.timer.step("standardise"):
        rows = _numbered(records, given.model)
        bears = pl.concat([identifiers.select(IDENTIFIER), standardise.mailboxes(rows)])
        values = _numbered_identifiers(bears, rows)
        forms = compare.forms(rows)
    with given.timer.step("exact"):
        links = exact.find(values.filter("is_named"), forms, given.rules)
        usable = values.join(links.values.filter("is_over"), on=["kind", "key"], how="anti")
        decided = Decisions() if given.decisions is None else numbered(given.decisions, rows["record_key"])
    return Night(rows, forms, usable, links, decided)


def _numbered(records: pl.DataFrame, model: Model | None) -> pl.DataFrame:
    comparable = standardise.comparable(records, model.default_days if model else None)
    return comparable.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))


def _numbered_identifiers(identifiers: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    known = records.select("record_key", "number", "record_kind", "is_named")
    per_value = identifiers.group_by("record_key", "kind", "key").agg(pl.col("is_owner").any())
    return per_value.join(known, on="record_key").sort("number", "kind", "key").drop("record_key")
