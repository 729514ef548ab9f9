"""The jars that Spark needs beyond its own: fetched once from Maven Central by Spark's Ivy, then offline.

They lie beside the Python environment that they were resolved for (`<prefix>/share/alluvium/ivy`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from alluvium.errors import AlluviumError
from alluvium.settings import CHECKOUT

DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"
# What Spark ships already; the older copies that Delta asks for would shadow it.
ALREADY_IN_SPARK = (
    "org.apache.hadoop:*,org.slf4j:*,org.apache.logging.log4j:*,com.github.luben:*,org.xerial.snappy:*,"
    "org.apache.parquet:*,org.roaringbitmap:*,com.fasterxml.jackson.core:*,com.fasterxml.jackson.datatype:*,"
    "io.airlift:*,commons-logging:*,commons-pool:*,com.google.code.findbugs:*,javax.annotation:*,"
    "org.locationtech.jts:*"
)
CACHE = Path(sys.prefix) / "share" / "alluvium" / "ivy"


def found() -> list[Path]:
    """The jars fetched so far, sorted by name; empty before the first `fetch`."""
    jars = sorted((CACHE / "jars").glob("*.jar"))
    return jars if any(jar.name.startswith("io.delta_delta-spark_") for jar in jars) else []


def spark_home() -> Path:
    """The folder of the installed pyspark, which holds Spark's jars and `bin/spark-submit`."""
    import pyspark

    return Path(pyspark.__file__).parent


def _resolve_command() -> list[str]:
    conf = {
        "spark.jars.packages": DELTA,
        "spark.jars.excludes": ALREADY_IN_SPARK,
        "spark.jars.ivy": str(CACHE),
        "spark.jars.ivySettings": (CHECKOUT / "infra" / "spark" / "ivysettings.xml").as_uri(),
    }
    flags = [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    # Resolving happens before the application starts; this one only prints a version.
    return [
        str(spark_home() / "bin" / "spark-submit"),
        *flags,
        "--class",
        "org.apache.spark.util.VersionUtils",
        "spark-internal",
    ]


def fetch(timeout_seconds: int = 600) -> list[Path]:
    """Fetch what is missing and return all jars.

    Raises AlluviumError when Maven Central does not answer.
    """
    if jars := found():
        return jars
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        _resolve_command(),
        env={**os.environ, "SPARK_HOME": str(spark_home()), "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    if jars := found():
        return jars
    reason = (done.stderr or done.stdout).strip().splitlines()
    raise AlluviumError(
        f"The Delta jar {DELTA} could not be fetched: {reason[-1] if reason else 'no output'}",
        do="Check the connection to Maven Central, then run `make setup` again",
    )
