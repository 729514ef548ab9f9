"""`alluvium identity evaluate` on a lake of known people, with and without the second opinion."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.identity import app
from alluvium.errors import UsageError
from alluvium.lake import ledger
from alluvium.privacy import keys
from alluvium.settings import Settings
from spark_jobs.identity import matching, rules
from spark_jobs.identity.matching import Given
from tests.spark_jobs.identity.people import identifiers
from tests.spark_jobs.identity.test_febrl import _febrl

RUN = {"run_id": "r", "counts": json.dumps({"expected_precision": 0.99, "expected_recall": 0.98})}


@pytest.fixture
def truth(settings: Settings, tmp_path: Any) -> str:
    """The people of FEBRL 3 whose number ends in 7, decided, and the file that says who is who."""
    rows, known = _febrl()
    known = known.filter(pl.col("person_id").str.ends_with("7"))
    secret = keys.load_secret(keys.ensure_key(settings))
    named = {key: keys.record_key("febrl", key, secret) for key in known["record_key"]}
    rows = rows.filter(pl.col("record_key").is_in(list(named))).with_columns(
        pl.col("record_key").replace_strict(named)
    )
    decided = matching.resolve(rows, identifiers(), Given(rules.load())).clusters
    current = decided.select(
        "record_key",
        pl.col("strict").alias("customer_id"),
        pl.lit("strict").alias("tier"),
        pl.lit(True).alias("is_current"),
    )
    for name, frame in {"identity/customer_records": current, "pii/identity_records": rows}.items():
        write_deltalake(str(settings.lake / name), frame.to_arrow())
    ledger.append(catalog.IDENTITY_RUNS, [RUN], settings)
    file = tmp_path / "truth.parquet"
    known.select(
        pl.lit("febrl").alias("source"), pl.col("record_key").alias("source_id"), "person_id"
    ).write_parquet(file)
    return str(file)


def evaluated(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["evaluate", *words, "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def test_truth_baseline_and_the_models_own_estimate_stand_side_by_side(truth: str) -> None:
    found = evaluated("--truth", truth, "--baseline", "recordlinkage")
    assert found["pairwise"]["f1"] > 0.98
    assert found["b_cubed"]["f1"] > 0.98
    assert found["blocking_recall"] > 0.98
    assert found["records_without_truth"] == found["truth_without_record"] == 0
    systems = {name: each["pairwise"]["f1"] for name, each in found["named_records"].items()}
    assert systems["alluvium"] == pytest.approx(found["pairwise"]["f1"])
    assert systems["recordlinkage"] > 0.95
    assert found["expected"] == {"precision": 0.99, "recall": 0.98}
    assert sum(size["records"] * size["customers"] for size in found["sizes"]) == found["records"]


def test_without_a_truth_sizes_and_both_systems_are_compared(truth: str) -> None:
    found = evaluated("--baseline", "recordlinkage")
    assert set(found["named_records"]) == {"alluvium", "recordlinkage"}
    assert "pairwise" not in found
    with pytest.raises(UsageError, match="no baseline"):
        evaluated("--baseline", "magic")
