"""Columns that refer to another contract's silver table: values that are not there are told or refused.

What is known is what stands in the other table when a batch is judged, so that a batch that refuses rows
is the one thing in ingest that depends on the order of loads. Within a run date the table that is referred to
is loaded first; what came too early waits in quarantine for a replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.lake import delta
from alluvium.tables import ingest as tables
from spark_jobs.ingest import reasons

REJECT, WARN = "reject", "warn"


def held(contract: Contract, column: str) -> str:
    """The name that bronze and silver have a column by."""
    return f"{column}_key" if contract.columns[column].identifier else column


def known(
    spark: SparkSession, contract: Contract, others: Mapping[str, Contract], on_missing: str
) -> dict[str, DataFrame]:
    """By referring column: the distinct values that there are, as `_known_<column>`. `others` by label."""
    found = {}
    for name, reference in contract.references.items():
        if reference.on_missing == on_missing:
            other = others[reference.to]
            values = F.col(held(other, reference.column)).alias(f"_known_{name}")
            found[name] = delta.read(spark, tables.silver(other)).select(values).distinct()
    return found


def with_unknown(
    rows: DataFrame, known: Mapping[str, DataFrame], contract: Contract
) -> tuple[DataFrame, list[tuple[str, SparkColumn]]]:
    """The rows with a column `_known_<column>` for each reference, and the reasons that follow from them."""
    found = []
    for name, values in known.items():
        mine, there = F.col(held(contract, name)), F.col(f"_known_{name}")
        rows = rows.join(F.broadcast(values), on=mine == there, how="left")
        found.append((reasons.unknown(name), mine.isNotNull() & there.isNull()))
    return rows, found


def count_unknown(good: DataFrame, known: Mapping[str, DataFrame], contract: Contract) -> dict[str, int]:
    """Accepted rows by column whose value is not there, for references that only warn."""
    counts = {}
    for name, values in known.items():
        there = F.col(held(contract, name)).isNotNull()
        lost = good.where(there).join(
            F.broadcast(values), on=good[held(contract, name)] == values[f"_known_{name}"], how="left_anti"
        )
        counts[name] = lost.count()
    return {name: count for name, count in counts.items() if count}


def in_order(wanted: Sequence[Contract]) -> list[list[Contract]]:
    """Contracts in waves: each one after those that it refers to.

    Raises AlluviumError when contracts refer to each other in a circle.
    """
    waves: list[list[Contract]] = []
    left = list(wanted)
    while left:
        waiting = {contract.label for contract in left}
        wave = [contract for contract in left if waiting.isdisjoint(_targets(contract))]
        if not wave:
            raise AlluviumError(
                f"Contracts refer to each other in a circle: {', '.join(sorted(waiting))}",
                do="Take a reference out of one of them",
            )
        waves.append(wave)
        left = [contract for contract in left if contract not in wave]
    return waves


def targets(contracts: Iterable[Contract], others: Mapping[str, Contract]) -> list[Contract]:
    """The contracts that these refer to."""
    labels = {label for contract in contracts for label in _targets(contract)}
    return [others[label] for label in sorted(labels)]


def _targets(contract: Contract) -> set[str]:
    return {reference.to for reference in contract.references.values()}
