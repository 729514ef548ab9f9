"""The race as the morning page shows it."""

from __future__ import annotations

from spark_jobs.report.sections.recommendations import COLUMNS, _frontier, _table

FIGURES = {
    "ndcg_at_10": 0.4, "ndcg_at_10_low": 0.39, "ndcg_at_10_high": 0.41, "recall_at_10": 0.2,
    "hit_rate_at_10": 0.8, "coverage_at_10": 0.1, "gini_at_10": 0.9, "diversity_at_10": 0.95,
    "novelty_at_10": 5.25,
    "cold_hit_rate_at_10": None,
}  # fmt: skip
RESULT = {
    "champion": "ease",
    "validation": {"ease": FIGURES, "popularity": {"ndcg_at_10": None}},
    "shown": {"ndcg_at_10": 0.38, "ndcg_at_10_lost": 0.0123},
}


def test_every_model_has_a_line_with_its_interval_and_the_cost_of_variety_is_told():
    table = _table("buy_again", RESULT)
    assert table.rows[0][:3] == ["ease (champion)", "0.400 (0.390 to 0.410)", "0.200"]
    assert table.rows[0][-2:] == ["5.2", "–"]
    assert {len(row) for row in table.rows} == {len(COLUMNS)}
    assert "0.380 as shown, 0.0123 of it given for variety" in table.note


def test_a_race_that_was_logged_by_an_earlier_version_still_has_its_table():
    older = {"champion": "ease", "validation": {"ease": {"ndcg_at_10": 0.4}}}
    assert _table("buy_again", older).rows[0][:3] == ["ease (champion)", "0.400", "–"]


def test_a_model_that_could_not_be_measured_is_no_point_of_the_frontier():
    points = _frontier({"placements": {"buy_again": RESULT}})
    assert [(point["model"], point["coverage"]) for point in points] == [("ease", 10.0)]
