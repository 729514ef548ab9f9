"""Train both models on a small gold and score its customers, twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import models.churn.score
import models.churn.train
import models.coupon.score
import models.coupon.train
import models.ltv.score
import models.ltv.train
from alluvium import catalog, mlflow_door
from alluvium.errors import AlluviumError
from alluvium.job import JobConfig
from alluvium.lake import delta, ledger
from alluvium.settings import Settings
from models.common import cutoffs, registry, scoring

RUN_DATE = date(2025, 9, 30)
AS_OF = date(2025, 10, 1)
SHOPPERS = 160
GOLD = (
    catalog.GOLD_CUSTOMERS,
    catalog.GOLD_ORDERS,
    catalog.GOLD_CUSTOMER_FEATURES,
    catalog.GOLD_COUPON_REDEMPTIONS,
)


def orders() -> pl.DataFrame:
    """Nine months of orders: each shopper has a rate, and one in eight stops in June."""
    rng = np.random.default_rng(2)
    rates, days = rng.gamma(1.2, 0.06, SHOPPERS) + 0.005, 303
    who, ago = np.nonzero(rng.uniform(size=(SHOPPERS, days)) < rates[:, None])
    bought = pl.DataFrame(
        {
            "customer_id": [f"C{i}" for i in who],
            "ordered_on": [AS_OF - timedelta(days=int(day) + 1) for day in ago],
            "order_total": rng.gamma(4, 5, len(who)).round(2),
            "has_stopped": (who % 8 == 0) & (ago < 120),
        }
    )
    kept = bought.filter(~pl.col("has_stopped")).drop("has_stopped")
    return kept.select(pl.int_range(pl.len()).cast(pl.String).alias("order_id"), pl.all())


def features(bought: pl.DataFrame, customers: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """What gold.customer_features would say: one row per customer."""
    seen = bought.filter(pl.col("ordered_on") < as_of).with_columns(
        days=(pl.lit(as_of) - pl.col("ordered_on")).dt.total_days()
    )
    recent = pl.col("days") <= 90
    summed = seen.group_by("customer_id").agg(
        orders_90d=recent.sum().cast(pl.Int32),
        spend_90d=pl.col("order_total").filter(recent).sum(),
        days_since_last_order=pl.col("days").min().cast(pl.Int32),
        days_since_first_order=pl.col("days").max().cast(pl.Int32),
        order_days=pl.col("days").n_unique().cast(pl.Int32),
        lifetime_spend=pl.col("order_total").sum(),
    )
    return customers.select("customer_id", as_of_date=pl.lit(as_of)).join(
        summed, on="customer_id", how="left"
    )


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> JobConfig:
    """A registry of its own; the tables lie in the session's lake."""
    return JobConfig(RUN_DATE, Settings(home=tmp_path_factory.mktemp("models")))


@pytest.fixture(scope="module")
def lake(spark, config: JobConfig) -> Iterator[None]:
    """160 shoppers and two customers who never bought; C1 may not be profiled."""
    bought = orders()
    names = [f"C{i}" for i in range(SHOPPERS)] + ["N1", "N2"]
    first = bought.group_by("customer_id").agg(first_ordered_on=pl.col("ordered_on").min())
    customers = (
        pl.DataFrame({"customer_id": names})
        .join(first, on="customer_id", how="left")
        .with_columns(
            first_seen_on=pl.lit(date(2024, 12, 1)),
            region=pl.lit("north"),
            age_band=pl.lit("35-44"),
            gender=pl.lit(None, pl.String),
            is_profiling_allowed=pl.col("customer_id") != "C1",
        )
    )
    days = [*cutoffs.wanted(RUN_DATE), AS_OF]
    facts = pl.concat([features(bought, customers, day) for day in days])
    redeemed = bought.filter(pl.col("order_total") > 40).select("customer_id", redeemed_on="ordered_on")
    for table, frame in zip(GOLD, (customers, bought, facts, redeemed), strict=True):
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
        spark.createDataFrame(frame.to_arrow()).write.format("delta").saveAsTable(table.full_name)
    yield
    for table in (*GOLD, catalog.ML_CHURN_SCORES, catalog.ML_COUPON_SCORES, catalog.ML_LTV_SCORES):
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")


@pytest.fixture(scope="module")
def scored(spark, lake: None, config: JobConfig) -> dict[str, dict[str, int]]:
    """The counts of each job."""
    jobs = (models.churn.train, models.churn.score, models.ltv.train, models.ltv.score)
    return {job.__name__.removeprefix("models."): dict(job.run(spark, config)) for job in jobs}


def rows(spark, table, as_of: date = AS_OF) -> pl.DataFrame:
    found = delta.read(spark, table).where(f"as_of_date = DATE'{as_of}'")
    return pl.from_arrow(found.orderBy("customer_id", "horizon_days").toArrow())


def test_every_customer_has_one_score_per_horizon(spark, scored) -> None:
    churn, ltv = rows(spark, catalog.ML_CHURN_SCORES), rows(spark, catalog.ML_LTV_SCORES)
    for scores, horizons in ((churn, {30}), (ltv, {30, 60, 90, 365})):
        assert scores["customer_id"].n_unique() == SHOPPERS + 2
        assert scores.height == (SHOPPERS + 2) * len(horizons)
        assert scores.select("customer_id", "horizon_days").is_unique().all()
        assert set(scores["horizon_days"]) == horizons
        assert set(scores["model_version"]) == {"1"}
    assert churn["churn_probability"].is_between(0, 1).all()
    assert (ltv["predicted_spend"] >= 0).all()
    assert scored["churn.score"]["customers_no_history"] >= 2


def test_a_third_model_is_a_folder_and_a_params_file(spark, scored, config: JobConfig) -> None:
    assert models.coupon.score.run(spark, config) == {"without_model": 1}
    assert models.coupon.train.run(spark, config)["coupon_30d_promoted"] == 1
    models.coupon.score.run(spark, config)
    scores = rows(spark, catalog.ML_COUPON_SCORES)
    assert scores["customer_id"].n_unique() == scores.height == SHOPPERS + 2
    assert scores["redemption_probability"].is_between(0, 1).all()


def test_a_year_is_extrapolated_and_says_so(spark, scored) -> None:
    ltv = rows(spark, catalog.ML_LTV_SCORES).filter(pl.col("scored_for") == "model")
    assert ltv.filter(pl.col("is_extrapolated"))["horizon_days"].unique().to_list() == [365]
    by_horizon = dict(ltv.group_by("horizon_days").agg(pl.col("predicted_spend").sum()).iter_rows())
    assert by_horizon[30] < by_horizon[60] < by_horizon[90] < by_horizon[365]
    assert ltv["predicted_orders"].null_count() == 0


def test_whoever_the_model_cannot_speak_of_gets_the_prior_and_the_reason(
    spark, scored, config: JobConfig
) -> None:
    scores = rows(spark, catalog.ML_CHURN_SCORES).rows_by_key("customer_id", named=True, unique=True)
    priors = registry.load(config.settings, registry.champion(config.settings, "churn_30d"))[1].priors
    for customer_id, reason in (("N1", "no_history"), ("C1", "no_consent"), ("C8", "lapsed")):
        score = scores[customer_id]
        assert (score["scored_for"], score["reason_code"]) == ("prior", reason)
        assert score["churn_probability"] == pytest.approx(priors[reason])
        assert score["churn_decile"] is None
    assert {row["churn_decile"] for row in scores.values()} == {None, *range(1, 11)}


def test_the_same_night_again_gives_the_same_rows_and_no_second_version(
    spark, scored, config: JobConfig
) -> None:
    before = [rows(spark, table) for table in (catalog.ML_CHURN_SCORES, catalog.ML_LTV_SCORES)]
    assert models.churn.train.run(spark, config)["churn_30d_reused"] == 1
    for job in (models.churn.score, models.ltv.score):
        job.run(spark, config)
    after = [rows(spark, table) for table in (catalog.ML_CHURN_SCORES, catalog.ML_LTV_SCORES)]
    assert all(one.equals(other) for one, other in zip(before, after, strict=True))


def test_what_a_model_was_trained_on_is_noted_with_the_versions_of_the_tables(
    scored, config: JobConfig
) -> None:
    rows_noted = ledger.read(catalog.ML_TRAINING_SETS, config.settings).to_pylist()
    noted = {row["model"]: row for row in rows_noted}
    assert sorted(
        (row["model"], row["horizon_days"]) for row in rows_noted if row["model"] in {"churn", "ltv"}
    ) == [
        ("churn", 30),
        ("ltv", 30),
        ("ltv", 60),
        ("ltv", 90),
    ]
    assert '"gold.customer_features": 0' in noted["churn"]["table_versions"]
    assert noted["churn"]["evaluated_on"] == date(2025, 9, 1)
    metrics = ledger.read(catalog.ML_MONITORING, config.settings).to_pylist()
    assert {"count_model", "mean_score"} <= {row["metric"] for row in metrics}


def test_few_customers_on_the_driver_and_many_on_the_workers_get_the_same_rows(
    spark, scored, config: JobConfig
) -> None:
    def noted() -> list[dict[str, object]]:
        found = ledger.read(catalog.ML_MONITORING, config.settings).to_pylist()
        return sorted(found, key=lambda row: (row["model"], row["horizon_days"], row["metric"]))

    for output in (models.churn.score.OUTPUT, models.ltv.score.OUTPUT):
        scoring.run(spark, config, output)
        here, measured = rows(spark, output.table), noted()
        scoring.run(spark, config, output, most_on_driver=10)
        assert rows(spark, output.table).equals(here)
        for mine, theirs in zip(noted(), measured, strict=True):
            assert mine == theirs | {"value": pytest.approx(theirs["value"])}


@pytest.mark.parametrize("most_on_driver", [scoring.MOST_ON_DRIVER, 10])
def test_without_a_sound_champion_the_scores_before_are_repeated_and_say_so(
    spark, scored, config: JobConfig, most_on_driver: int
) -> None:
    before = rows(spark, catalog.ML_LTV_SCORES)
    champion = registry.champion(config.settings, "ltv_60d")
    file = mlflow_door.local_path(f"{champion.artefacts}/model.ubj", config.settings)
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    try:
        next_night = JobConfig(RUN_DATE + timedelta(days=1), config.settings)
        found = scoring.run(spark, next_night, models.ltv.score.OUTPUT, most_on_driver)
        assert found == {"stale_days": 1}
        repeated = rows(spark, catalog.ML_LTV_SCORES, AS_OF + timedelta(days=1))
        assert repeated["is_stale"].all()
        same = [
            "customer_id",
            "horizon_days",
            "is_extrapolated",
            "predicted_spend",
            "spend_decile",
            "reason_code",
            "scored_as_of",
        ]
        assert repeated.select(same).equals(before.select(same))
        with pytest.raises(AlluviumError, match="alluvium job ltv"):
            scoring.run(spark, JobConfig(date(2025, 9, 29), config.settings), models.ltv.score.OUTPUT)
    finally:
        file.write_bytes(content)
        spark.sql(f"DELETE FROM {catalog.ML_LTV_SCORES.full_name} WHERE as_of_date > '{AS_OF}'")


def test_a_night_without_features_is_refused(spark, scored, config: JobConfig) -> None:
    with pytest.raises(AlluviumError, match="no features as of 2025-10-05"):
        models.churn.score.run(spark, JobConfig(date(2025, 10, 4), config.settings))
