"""Records without a name join the customer that they point to: cards, devices, subscribers, consent choices.

A record points to a customer by an identifier that a record of that customer bears. The strongest kind
decides. Two values of that kind which lead to different customers mean that the record is shared, a family's
tablet for one: it joins nobody. A value that several customers bear says nothing alone; two kinds may still
agree on one customer, and otherwise the record that owns the value (the account of that card) decides.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules

ROUNDS = 4  # a subscriber that only a consent choice leads to is two steps away from a name


def _pointers(nameless: pl.DataFrame, bearers: pl.DataFrame) -> pl.DataFrame:
    """One row per record, value and customer that bears the value, with how many customers bear it."""
    customers = bearers.group_by("kind", "key", "label").agg(
        pl.col("number").min().alias("bearer"), pl.col("is_owner").any().alias("has_owner")
    )
    found = nameless.select("number", "kind", "key", "rank").join(customers, on=["kind", "key"])
    return found.with_columns(pl.len().over("number", "kind", "key").alias("customers"))


def _only_one(choices: pl.DataFrame) -> pl.DataFrame:
    """Records whose choices are one customer, with the smallest bearer of the strongest kind."""
    single = choices.filter(pl.col("label").n_unique().over("number") == 1)
    first = single.sort("number", "rank", "bearer").group_by("number", maintain_order=True).first()
    return first.select("number", "bearer", "kind", "label")


def _certain(pointers: pl.DataFrame) -> pl.DataFrame:
    """Choices by values that one customer alone bears, of the strongest kind that has any."""
    sure = pointers.filter(pl.col("customers") == 1)
    return sure.filter(pl.col("rank") == pl.col("rank").min().over("number"))


def _agreed(pointers: pl.DataFrame) -> pl.DataFrame:
    """Choices that every one of at least two kinds allows."""
    kinds = pl.col("kind").n_unique()
    counted = pointers.with_columns(
        kinds.over("number", "label").alias("for"), kinds.over("number").alias("of")
    )
    return counted.filter((pl.col("of") > 1) & (pl.col("for") == pl.col("of")))


def _owned(pointers: pl.DataFrame) -> pl.DataFrame:
    return pointers.filter("has_owner").filter(pl.col("rank") == pl.col("rank").min().over("number"))


def _one_round(nameless: pl.DataFrame, bearers: pl.DataFrame) -> pl.DataFrame:
    """The records that find their customer: number, bearer, kind."""
    pointers = _pointers(nameless, bearers)
    certain = _certain(pointers)
    found = _only_one(certain)
    unsure = pointers.join(certain, on="number", how="anti")
    for choose in (_agreed, _owned):
        more = _only_one(choose(unsure))
        found = pl.concat([found, more])
        unsure = unsure.join(more, on="number", how="anti")
    return found


def _several_users(identifiers: pl.DataFrame) -> pl.DataFrame:
    """Devices that more than one user logged in on."""
    users = identifiers.filter((pl.col("record_kind") == "device") & ~pl.col("is_owner"))
    return (
        users.group_by("number", "kind")
        .agg(pl.col("key").n_unique().alias("keys"))
        .filter(pl.col("keys") > 1)
    )


def _together(waiting: pl.DataFrame, bearers: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Records that found no customer but share a value that no customer bears, or are the same card."""
    alone = waiting.join(_several_users(waiting), on="number", how="anti")
    free = alone.join(bearers, on=["kind", "key"], how="anti")
    most = pl.col("kind").replace_strict(
        {kind: rule.max_records for kind, rule in rules.identifiers.items()},
        default=rules.identifier("").max_records,
    )
    few = free.filter(pl.len().over("kind", "key") <= most)
    stars = pl.concat([few, waiting.filter("is_owner")]).with_columns(
        pl.col("number").min().over("kind", "key").alias("bearer")
    )
    return stars.filter(pl.col("number") != pl.col("bearer")).select("number", "bearer", "kind").unique()


def _prepared(labels: Ints, identifiers: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    clusters = pl.DataFrame({"number": np.arange(len(labels)), "label": labels})
    rank = pl.col("kind").replace_strict(rules.strength, default=len(rules.strength), return_dtype=pl.Int64)
    return (
        identifiers.join(clusters, on="number").with_columns(rank.alias("rank")).sort("number", "kind", "key")
    )


def find(labels: Ints, identifiers: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Links left, right, rule between records without a name and their customers.

    `labels` has the cluster of each record by the links between named ones; `identifiers` has number, kind,
    key, record_kind, is_named, is_owner, without values that may not link.
    """
    ranked = _prepared(labels, identifiers, rules)
    bearers, waiting = ranked.filter("is_named"), ranked.filter(~pl.col("is_named"))
    found = []
    for _ in range(ROUNDS):
        joined = _one_round(waiting, bearers)
        if joined.is_empty():
            break
        found.append(joined.drop("label"))
        arrived = waiting.drop("label").join(joined.select("number", "label"), on="number")
        bearers = pl.concat([bearers, arrived.select(bearers.columns)])
        waiting = waiting.join(joined, on="number", how="anti")
    links = pl.concat([*found, _together(waiting, bearers, rules)]).select(
        pl.min_horizontal("number", "bearer").alias("left"),
        pl.max_horizontal("number", "bearer").alias("right"),
        pl.col("kind").alias("rule"),
    )
    return links.unique().sort("left", "right", "rule")
