"""Figures on clusters whose scores are known by hand."""

from __future__ import annotations

import polars as pl
import pytest

from spark_jobs.identity import evaluate

TRUTH = pl.DataFrame({"record_key": ["a", "b", "c", "d"], "person_id": ["p", "p", "p", "q"]})


def test_scores_of_one_stranger_and_one_lost_record() -> None:
    clusters = pl.DataFrame(
        {"record_key": ["a", "b", "c", "d", "e"], "customer_id": ["1", "1", "2", "2", "3"]}
    )
    figures = evaluate.measure(clusters, TRUTH)
    assert figures["pairwise"] == {"precision": 0.5, "recall": pytest.approx(1 / 3, abs=1e-6), "f1": 0.4}
    assert figures["b_cubed"]["precision"] == 0.75
    assert figures["b_cubed"]["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4, abs=1e-6)
    assert figures["worst_customers"] == [{"customer_id": "2", "records": 2, "people": 2, "strangers": 1}]
    assert figures["most_scattered_people"] == [{"customer_ids": ["1", "2"], "records": 3}]
    assert (figures["records_without_truth"], figures["truth_without_record"]) == (1, 0)


def test_perfect_clusters_score_one() -> None:
    clusters = TRUTH.select("record_key", pl.col("person_id").alias("customer_id"))
    figures = evaluate.measure(clusters, TRUTH)
    assert figures["pairwise"]["f1"] == figures["b_cubed"]["f1"] == 1.0
    assert figures["worst_customers"] == figures["most_scattered_people"] == []
