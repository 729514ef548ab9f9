"""Exact links: two records that share an identifier and do not contradict each other are one person.

A value that too many people use stops linking: a family's telephone, a shop's mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spark_jobs.identity import compare, pairs
from spark_jobs.identity.compare import Bools, Forms, Levels
from spark_jobs.identity.contradiction import Contradictions
from spark_jobs.identity.rules import IdentifierRule, Rules


@dataclass(frozen=True)
class ExactLinks:
    """What identifiers say.

    `links` and `refused` (pairs that share a value and contradict) have left, right, rule; `values` has kind,
    key, people, records, is_over.
    """

    links: pl.DataFrame
    refused: pl.DataFrame
    values: pl.DataFrame


def _agrees(levels: Levels, rule: IdentifierRule) -> Bools:
    agrees = ~Contradictions().among(levels)
    if rule.agree == "full_name":
        agrees &= levels[:, 1] != compare.level("last_name", "different")
    return agrees


def _people(groups: pairs.Ints, rows: pairs.Pairs) -> pl.DataFrame:
    """How many people use each value: rows of one value hang together where names agree."""
    count = len(groups)
    graph = coo_matrix((np.ones(len(rows[0]), np.int8), rows), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    return (
        pl.DataFrame({"group": groups, "person": labels})
        .group_by("group")
        .agg(pl.col("person").n_unique().alias("people"))
    )


def _of_kind(
    bearers: pl.DataFrame, forms: Forms, kind: str, rule: IdentifierRule
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs that share a value of one kind, with `agrees`, and the values with their number of people."""
    rows = bearers.with_columns(
        pl.len().over("key").alias("records"), pl.col("key").rank("dense").cast(pl.Int64).alias("group")
    ).sort("group", "number")
    small = rows.filter(pl.col("records") <= rule.max_records)
    groups, numbers = small["group"].to_numpy(), small["number"].to_numpy()
    at_left, at_right = pairs.within(groups, np.arange(len(groups)), rule.max_records)
    levels = compare.name_and_birth_levels(forms, numbers[at_left], numbers[at_right])
    agrees = _agrees(levels, rule)
    people = _people(groups, (at_left[agrees], at_right[agrees]))
    values = rows.unique("group").join(people, on="group", how="left").with_columns(
        pl.col("people").fill_null(pl.col("records")), pl.lit(kind).alias("kind")
    ).with_columns((pl.col("people") > rule.max_people).alias("is_over"))  # fmt: skip
    found = pl.DataFrame({
        "left": numbers[at_left], "right": numbers[at_right], "agrees": agrees, "group": groups[at_left]
    })  # fmt: skip
    usable = found.join(values.filter(~pl.col("is_over")), on="group", how="semi")
    return usable.with_columns(pl.lit(kind).alias("rule")), values.select(
        "kind", "key", "people", "records", "is_over"
    )


def find(named: pl.DataFrame, forms: Forms, rules: Rules) -> ExactLinks:
    """Links between named records. `named` has number, kind, key: the identifiers of records with a name."""
    pairs_found, values_found = [], []
    for (kind,), bearers in sorted(named.group_by("kind"), key=lambda group: str(group[0])):
        found, values = _of_kind(bearers, forms, str(kind), rules.identifier(str(kind)))
        pairs_found.append(found)
        values_found.append(values)
    found = pl.concat(pairs_found) if pairs_found else _NO_PAIRS
    values = pl.concat(values_found) if values_found else _NO_VALUES
    columns = pl.col("left", "right", "rule")
    order = ["left", "right", "rule"]
    links, refused = found.filter("agrees").select(columns), found.filter(~pl.col("agrees")).select(columns)
    return ExactLinks(links.unique().sort(order), refused.unique().sort(order), values.sort("kind", "key"))


_NO_PAIRS = pl.DataFrame(
    schema={"left": pl.Int64, "right": pl.Int64, "agrees": pl.Boolean, "rule": pl.String}
)
_NO_VALUES = pl.DataFrame(
    schema={
        "kind": pl.String,
        "key": pl.String,
        "people": pl.UInt32,
        "records": pl.UInt32,
        "is_over": pl.Boolean,
    }
)
