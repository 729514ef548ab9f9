"""Which tables there are to maintain, and how they lie on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import SparkSession

from alluvium import catalog

# Ledgers are written through another library, and two kinds of writers on one table lose commits.
_LEDGERS = {table.full_name for table in catalog.LEDGERS}


@dataclass(frozen=True)
class Lying:
    """One Delta table on disk."""

    full_name: str
    count_files: int
    size_bytes: int
    created_at: datetime

    @property
    def mean_file_bytes(self) -> float:
        """Mean size of a file; 0 for an empty table."""
        return self.size_bytes / self.count_files if self.count_files else 0


def names(spark: SparkSession) -> list[str]:
    """Full names of all Delta tables but the ledgers; views left out."""
    found: set[str] = set()
    for schema in catalog.SCHEMAS:
        views = {row["viewName"] for row in spark.sql(f"SHOW VIEWS IN {schema}").collect()}
        tables = {row["tableName"] for row in spark.sql(f"SHOW TABLES IN {schema}").collect()}
        found |= {f"{schema}.{name}" for name in tables - views}
    return sorted(found - _LEDGERS)


def lying(spark: SparkSession, options: Mapping[str, str]) -> Iterator[Lying]:
    """Every Delta table but the ledgers, with its files, or the one that the option `table` names."""
    for name in [options["table"]] if "table" in options else names(spark):
        detail = spark.sql(f"DESCRIBE DETAIL {name}").first()
        if detail is not None and detail["format"] == "delta":
            yield Lying(name, detail["numFiles"], detail["sizeInBytes"], detail["createdAt"])
