"""Put many small files together.

Reads   every Delta table
Writes  the same rows in fewer files, one commit for each table that needs it
Rerun   nothing is left to do
Options table: only that one, no ledger
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.contracts.contract import read_all
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.maintain.tables import Lying, lying

# Nightly slices are small by nature: only a table of many small files is worth a rewrite.
MANY_FILES = 50
SMALL_FILE_BYTES = 16 * 2**20
LARGEST_FILE_BYTES = 64 * 2**20


def is_scattered(table: Lying) -> bool:
    """Whether a table consists of many small files."""
    return table.count_files >= MANY_FILES and table.mean_file_bytes < SMALL_FILE_BYTES


def statement(name: str, settings: Settings) -> str:
    """How to compact a table: silver by time of events, so that a night's merge meets few of its files."""
    times = {f"silver.{contract.name}": contract.event_time for contract in read_all(settings.sources)[0]}
    order = f" ZORDER BY ({time})" if (time := times.get(name)) else ""
    return f"OPTIMIZE {name}{order}"


def _ledgers(settings: Settings) -> int:
    """A ledger gets a file with every task; its own library puts them together."""
    return sum(ledger.compact(table, MANY_FILES, settings) for table in catalog.LEDGERS)


def run(spark: SparkSession, config: JobConfig) -> dict[str, int]:
    """Compact what is scattered; counts the tables looked at and those rewritten."""
    spark.conf.set("spark.databricks.delta.optimize.maxFileSize", LARGEST_FILE_BYTES)
    tables = list(lying(spark, config.options))
    scattered = [table.full_name for table in tables if is_scattered(table)]
    for name in scattered:
        spark.sql(statement(name, config.settings))
    if "table" in config.options:
        return {"tables": len(tables), "compacted": len(scattered)}
    return {
        "tables": len(tables) + len(catalog.LEDGERS),
        "compacted": len(scattered) + _ledgers(config.settings),
    }
