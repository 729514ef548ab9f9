"""Banner, TC string and Sec-GPC become choices in the warehouse as `privacy consent` shows them."""

from __future__ import annotations

from pathlib import Path

import duckdb
from jinja2 import Environment
from pyspark.sql import SparkSession

from spark_jobs.privacy.consent.choices import CHOICES, SIGNALS

MODEL = (
    Path(__file__).resolve().parents[4] / "dbt_project/models/intermediate/consents/int_consent_choices.sql"
)
EVENTS = """
SELECT 'm1' AS message_id, 'track' AS type, 'Consent Preference Updated' AS event, {map1} AS consent,
    {map2} AS tc_consent, NULL AS sec_gpc, TIMESTAMP '2017-01-01 12:00:00' AS occurred_at
UNION ALL SELECT 'm2', 'track', 'Product Viewed', {map1}, {map2}, '1', TIMESTAMP '2017-01-02 12:00:00'
UNION ALL SELECT 'm3', 'identify', 'Identified', NULL, {map2}, NULL, TIMESTAMP '2017-01-03 12:00:00'
UNION ALL SELECT 'm4', 'track', 'Product Viewed', {map1}, {map2}, '0', TIMESTAMP '2017-01-04 12:00:00'
"""
REFUSED_BY_GPC = {"marketing_ads", "ad_user_data", "ad_personalization", "third_party_sharing"}
EXPECTED = {
    *{("analytics", "granted", 1), ("personalisation", "denied", 1), ("personalisation", "denied", 3)},
    *{(purpose, "denied", 2) for purpose in REFUSED_BY_GPC},
}


def test_the_warehouse_takes_the_choices_that_a_call_carries(spark: SparkSession) -> None:
    maps = {"map1": "map('analytics', true)", "map2": "map('personalisation', false)"}
    spark.sql(
        "SELECT *, 'C1' AS customer_id, 'r1' AS visitor_key, coalesce(sec_gpc = '1', false) AS is_gpc "
        f"FROM ({EVENTS.format(**maps)})"
    ).createOrReplaceTempView("signal_events")
    purposes = [(name,) for name in (*REFUSED_BY_GPC, "analytics", "personalisation")]
    views = {
        "purposes": (purposes, "purpose string"),
        "int_customer_records": ([], "record_key string, customer_id string"),
        "stg_consent__preferences": (
            [], "record_key string, purpose string, status string, changed_at timestamp"
        ),
        "stg_email__events": ([], "visitor_key string, event string, occurred_at timestamp"),
    }  # fmt: skip
    for name, (rows, ddl) in views.items():
        spark.createDataFrame(rows, ddl).createOrReplaceTempView(f"signal_{name}")
    views_of = {name: f"signal_{name}" for name in views} | {"int_web_events_attributed": "signal_events"}
    query = Environment().from_string(MODEL.read_text()).render(ref=views_of.__getitem__)
    found = spark.sql(query).select("purpose", "status", "chosen_at").toArrow().to_pylist()
    assert {(row["purpose"], row["status"], row["chosen_at"].day) for row in found} == EXPECTED
    assert len(found) == len(EXPECTED)


def test_the_evidence_of_a_person_names_the_same_choices() -> None:
    maps = {"map1": "MAP {'analytics': true}", "map2": "MAP {'personalisation': false}"}
    with duckdb.connect() as opened:
        opened.execute("CREATE SCHEMA silver")
        opened.execute(
            "CREATE TABLE silver.web_events AS SELECT *, 'r1' AS record_key, NULL::VARCHAR AS user_id_key, "
            "NULL::VARCHAR AS user_agent, 'f' AS _source_file, DATE '2017-01-05' AS _run_date "
            f"FROM ({EVENTS.format(**maps)})"
        )
        opened.execute("CREATE TABLE own AS SELECT 'r1' AS record_key")
        for name in ("accounts", "accounts_of_others"):
            opened.execute(f"CREATE TABLE {name} (user_id_key VARCHAR)")
        query = CHOICES["silver.web_events"]
        for name in SIGNALS:
            query = query.replace("{" + name + "}", name)
        rows = opened.execute(f"SELECT purpose, status, chosen_at, what FROM ({query})").fetchall()
    assert {(purpose, status, at.day) for purpose, status, at, _ in rows} == EXPECTED
    assert {what for *_, what in rows} == {"event", "TC string", "Sec-GPC"}
