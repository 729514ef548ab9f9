"""Java's class data sharing for the Spark server: classes are mapped instead of loaded and verified anew.

A server starts with half of the CPU time and its first statements are faster. The archive belongs to one Java
and one set of jars and lies beside them; without it, or with another Java, a server starts as before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from alluvium.settings import get_settings
from alluvium.spark import jars, java
from alluvium.spark.spark_keeper import DUMP_SECONDS, MAKING

# What every job does: the classes behind it are what the archive holds.
EVERYDAY = (
    "CREATE SCHEMA warm",
    "CREATE TABLE warm.t (id BIGINT, day DATE, name STRING, amount DECIMAL(12,2)) USING delta "
    "PARTITIONED BY (day)",
    "INSERT INTO warm.t SELECT id, DATE'2017-01-01' + CAST(id % 3 AS INT), 'n' || id, id / 7 FROM range(100)",
    "INSERT INTO warm.t REPLACE WHERE day = DATE'2017-01-02' SELECT 1, DATE'2017-01-02', 'one', 1.5",
    "CREATE VIEW warm.v AS SELECT *, row_number() OVER (PARTITION BY day ORDER BY id) AS place FROM warm.t",
    "MERGE INTO warm.t USING (SELECT id, day, max(name) AS name, sum(amount) AS amount FROM warm.v "
    "GROUP BY id, day) AS s ON t.id = s.id AND t.day = s.day "
    "WHEN MATCHED AND NOT t.name <=> s.name THEN UPDATE SET * "
    "WHEN NOT MATCHED THEN INSERT *",
    "INSERT OVERWRITE TABLE warm.t SELECT id, day, upper(name), amount FROM warm.t LEFT ANTI JOIN "
    "(SELECT DISTINCT place FROM warm.v) AS p ON t.id = p.place",
    "ALTER TABLE warm.t ALTER COLUMN id COMMENT 'Number', name COMMENT 'Text'",
    "DESCRIBE TABLE EXTENDED warm.t",
    "SHOW TABLES IN warm",
    "SELECT day, collect_set(name), percentile_approx(amount, 0.5), to_json(max(struct(id, name))) "
    "FROM warm.t JOIN (SELECT explode(array(1L, 2L)) AS id) USING (id) GROUP BY ROLLUP (day)",
)


def path() -> Path:
    """Where the archive for this Java and these jars lies, made or not."""
    runtime = subprocess.run([java.find(), "-version"], capture_output=True, text=True, check=False).stderr
    names = "".join(jar.name for jar in jars.found())
    key = sha256(f"{runtime}{version('pyspark')}{names}".encode()).hexdigest()[:12]
    return jars.CACHE.parent / f"spark-classes-{key}.jsa"


def java_options() -> list[str]:
    """How a server uses the archive that is there, or makes the one that is being made."""
    if making := os.environ.get(MAKING):
        return [f"-XX:ArchiveClassesAtExit={making}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]
    archive = path()
    return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto", "-Xlog:cds=off"] if archive.exists() else []


def make() -> bool:
    """Make the archive that is missing by running a server through everyday statements; False without one.

    Takes about a minute and 250 MB, once per environment. Whatever goes wrong, servers start without it.
    """
    archive = path()
    if archive.exists():
        return True
    home = Path(tempfile.mkdtemp(prefix="alluvium-classes-"))
    made = home / archive.name
    try:
        _run_everyday(home, made)
        _wait_for(made)
        with suppress(OSError):
            shutil.move(made, archive.with_suffix(".part"))
            archive.with_suffix(".part").replace(archive)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return archive.exists()


def _run_everyday(home: Path, made: Path) -> None:
    from alluvium.spark.session import connect

    os.environ[MAKING] = str(made)
    try:
        with connect(get_settings().model_copy(update={"home": home})) as spark:
            for statement in EVERYDAY:
                spark.sql(statement).collect()
    finally:
        del os.environ[MAKING]


def _wait_for(made: Path) -> None:
    """Java writes the archive when it ends; it is whole when it does not grow any more."""
    end, size = time.monotonic() + DUMP_SECONDS, -1
    while time.monotonic() < end:
        time.sleep(1.5)
        now = made.stat().st_size if made.exists() else -1
        if 0 < now == size:
            return
        size = now
