"""Spark Connect sessions: each task has one of its own and ends it."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlparse

from alluvium import catalog
from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import ledger
from alluvium.lake.delta import quoted
from alluvium.settings import Settings, get_settings
from alluvium.spark import spark_server

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _quieten() -> None:
    # pyspark prints a line for every AnalysisException, also for those that are caught.
    for name in ("SQLQueryContextLogger", "pyspark.sql.connect.logging", "pyspark.sql.connect.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def check_answers(remote: str) -> None:
    """A client would go on trying for minutes: look first."""
    address = urlparse(remote)
    if address.scheme != "sc" or not address.hostname:
        raise UsageError(
            f"{remote!r} is no Spark Connect address",
            where="SPARK_REMOTE",
            do="It looks like sc://host:15002",
        )
    try:
        socket.create_connection((address.hostname, address.port or 15002), timeout=3).close()
    except OSError as error:
        raise AlluviumError(
            f"No Spark Connect server answers at {address.hostname}:{address.port or 15002} "
            f"({error.strerror or error})",
            where="SPARK_REMOTE",
            do="Start it, or unset SPARK_REMOTE to use the embedded server",
        ) from error


def _open(remote: str) -> SparkSession:
    check_answers(remote)
    _quieten()
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session = SparkSession.builder.remote(remote).create()
    # A server that died should be noticed in seconds, not minutes.
    session.client.set_retry_policies([DefaultPolicy(max_retries=4, max_backoff=2000)])  # type: ignore[attr-defined]
    return session


def _prepare_schemas(spark: SparkSession, settings: Settings, remote: str) -> None:
    """Make schemas and ledgers known once per lake and server; tables lie at `lake/<schema>/<table>`."""
    where = "embedded" if "localhost" in remote else sha256(remote.encode()).hexdigest()[:12]
    done = settings.metastore / f"schemas.{where}.done"
    listed = "\n".join([*catalog.SCHEMAS, *(table.full_name for table in catalog.LEDGERS)])
    if done.exists() and done.read_text() == listed:
        return
    for schema, comment in catalog.SCHEMAS.items():
        # A path, not a URI: Spark would take the %20 of a space for part of the name.
        location = quoted(str(settings.lake / schema))
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema} COMMENT {quoted(comment)} LOCATION {location}")
    for table in catalog.LEDGERS:
        location = quoted(ledger.create(table, settings))
        spark.sql(f"CREATE TABLE IF NOT EXISTS {table.full_name} USING delta LOCATION {location}")
    done.write_text(listed)


@contextmanager
def connect(settings: Settings | None = None) -> Iterator[SparkSession]:
    """A session on SPARK_REMOTE when that is set, else on the embedded server of this home.

    Raises AlluviumError when neither answers.
    """
    settings = settings or get_settings()
    if remote := os.environ.get("SPARK_REMOTE"):
        settings.metastore.mkdir(parents=True, exist_ok=True)
        with _session(remote, settings) as spark:
            yield spark
        return
    with spark_server.hold(settings), _session(os.environ["SPARK_REMOTE"], settings) as spark:
        yield spark


class OnDemand:
    """Stands for a session and opens it when it is first used: a job of few rows does without."""

    def __init__(self, settings: Settings, until: ExitStack) -> None:
        self._settings, self._until = settings, until
        self._spark: SparkSession | None = None

    def __getattr__(self, name: str) -> Any:
        if self._spark is None:
            self._spark = self._until.enter_context(connect(self._settings))
        return getattr(self._spark, name)


@contextmanager
def on_demand(settings: Settings) -> Iterator[SparkSession]:
    """As `connect`, for work that may not need Spark at all."""
    with ExitStack() as until:
        yield cast("SparkSession", OnDemand(settings, until))


@contextmanager
def _session(remote: str, settings: Settings) -> Iterator[SparkSession]:
    spark = _open(remote)
    try:
        _prepare_schemas(spark, settings, remote)
        yield spark
    finally:
        spark.stop()
