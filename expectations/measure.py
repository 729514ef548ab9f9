"""Ask tables for figures: one Spark job for a whole border."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta

from pyspark.sql import SparkSession

Figures = dict[str, dict[str, float | None]]


def ask(spark: SparkSession, queries: Mapping[str, str], run_date: date) -> Figures:
    """Figures by table and name: each query is an aggregate of one row, its columns are the figures.

    Queries may use `:run_date` and `:as_of_date` (the first day not seen).
    """
    if not queries:
        return {}
    figures = "to_json(struct(*), map('ignoreNullFields', 'false')) AS figures"
    parts = [f"SELECT '{table}' AS table_name, {figures} FROM ({query})" for table, query in queries.items()]
    rows = spark.sql(_dated(" UNION ALL ".join(parts), run_date)).collect()
    return {row["table_name"]: _numbers(row["figures"]) for row in rows}


def _dated(query: str, run_date: date) -> str:
    # Spark does not bind parameters within subqueries here (UNBOUND_SQL_PARAMETER); a date is a safe literal.
    literals = {":run_date": run_date, ":as_of_date": run_date + timedelta(days=1)}
    for name, day in literals.items():
        query = query.replace(name, f"DATE'{day.isoformat()}'")
    return query


def _numbers(figures: str) -> dict[str, float | None]:
    return {name: None if value is None else float(value) for name, value in json.loads(figures).items()}


def tables_in(spark: SparkSession, schema: str) -> set[str]:
    """Full names of the tables of a schema."""
    return {f"{schema}.{row['tableName']}" for row in spark.sql(f"SHOW TABLES IN {schema}").collect()}
