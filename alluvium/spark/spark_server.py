"""The embedded Spark Connect server: one per home folder, shared by every command that needs Spark.

A command attaches to a living one or starts one under a file lock. The server ends with its last holder.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from alluvium.errors import AlluviumError
from alluvium.settings import CHECKOUT, Settings
from alluvium.spark import class_archive, holders, jars, java
from alluvium.spark.server_file import ServerFile

TOKEN_VARIABLE = "SPARK_CONNECT_AUTHENTICATE_TOKEN"
LEAST_FREE_DISK_MB = 500
START_SECONDS = 150
STOP_SECONDS = 15
HOST = "localhost"  # The name, not 127.0.0.1: with an address and a token the client insists on TLS.
# Tables here are few files: to look for files to leave out, to keep histograms of their sizes and to write a
# checkpoint after every tenth commit costs more jobs than reading them.
DELTA = {
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.databricks.delta.stats.skipping": "false",
    "spark.databricks.delta.optimizeMetadataQuery.enabled": "false",
    "spark.databricks.delta.history.metricsEnabled": "false",
    "spark.databricks.delta.fileSizeHistogramMetrics.enabled": "false",
    "spark.databricks.delta.lastCheckpoint.checksum.enabled": "false",
    "spark.databricks.delta.properties.defaults.checkpointInterval": "100",
}


def _free_port(wanted: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise AlluviumError(
                f"Port {wanted} is in use", where="ALLUVIUM_SPARK_PORT", do="Choose another or leave it unset"
            ) from error
        return int(probe.getsockname()[1])


def _java_options(settings: Settings) -> str:
    log4j = (CHECKOUT / "infra" / "spark" / "log4j2.properties").as_uri()
    options = [
        f"-Dlog4j2.configurationFile={log4j}",
        f"-Dderby.system.home={settings.metastore}",
        f"-Djava.io.tmpdir={settings.home / 'tmp'}",
        # A night is many small plans and few large scans: the quick compiler saves CPU that a cold server
        # would spend, and one collector thread leaves the cores to the work.
        "-XX:TieredStopAtLevel=1",
        "-XX:ReservedCodeCacheSize=240m",  # The default of 48 MB fills, and then nothing is compiled.
        "-XX:+UseSerialGC",
        *class_archive.java_options(),
    ]
    return " ".join(shlex.quote(option) for option in options)


def _conf(settings: Settings, port: int) -> dict[str, str]:
    jar_list = jars.found()
    if not jar_list:
        raise AlluviumError("The Delta jars are not there yet", do="Run `make setup`")
    derby = f"jdbc:derby:;databaseName={settings.metastore / 'catalogue'};create=true"
    return {
        "spark.master": f"local[{settings.spark_cores}]",
        "spark.driver.memory": settings.spark_memory,
        "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in jar_list),
        "spark.driver.extraJavaOptions": _java_options(settings),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.arrow.maxBatchSize": "16m",
        "spark.local.dir": str(settings.home / "tmp"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": derby,
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": str(settings.lake),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        # Inferring filters from wide projections grows exponentially: minutes of planning for nothing.
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.sql.connect.serverStacktrace.enabled": "false",
        # On one machine a plan is known before it runs: to plan every stage again costs more than it gains.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": str(settings.spark_cores),
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
        # What is cached here is read once and let go: looking for the best packing costs more than it saves.
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
        # A night generates more classes than the 100 places by default: each would be compiled again (CPU of
        # the second and third warehouse build of a server 128 s each with 100, 119 and 108 s with more).
        "spark.sql.codegen.cache.maxEntries": "2000",
        # Nobody looks at the pages of this server.
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.maxPlanStringLength": "2000",
        **DELTA,
        "spark.port.maxRetries": "0",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _command(settings: Settings, port: int) -> list[str]:
    flags = [part for key, value in _conf(settings, port).items() for part in ("--conf", f"{key}={value}")]
    main_class = "org.apache.spark.sql.connect.service.SparkConnectServer"
    return [str(jars.spark_home() / "bin" / "spark-submit"), *flags, "--class", main_class, "spark-internal"]


def _environment(settings: Settings, java_path: Path) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != "SPARK_REMOTE"}
    return {
        **inherited,
        TOKEN_VARIABLE: secrets.token_hex(32),
        "ALLUVIUM_HOME": str(settings.home),
        "JAVA_HOME": str(java_path.resolve().parents[1]),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "SPARK_HOME": str(jars.spark_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _check_disk(settings: Settings) -> None:
    free_mb = shutil.disk_usage(settings.home).free // 2**20
    if free_mb < LEAST_FREE_DISK_MB:
        raise AlluviumError(
            f"Only {free_mb} MB are free on the disk, {LEAST_FREE_DISK_MB} MB are needed",
            where=str(settings.home),
            do="Free some space or set ALLUVIUM_HOME to another disk",
        )


def _make_folders(settings: Settings) -> None:
    try:
        for folder in (settings.metastore, settings.lake, settings.logs, settings.home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        settings.secrets.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise AlluviumError(
            f"The home folder cannot be written: {error.strerror}",
            where=str(settings.home),
            do="Set ALLUVIUM_HOME to a folder of your own",
        ) from error


def _launch(settings: Settings) -> ServerFile:
    java_path, _ = java.check()
    _check_disk(settings)
    port = _free_port(settings.spark_port)
    log = settings.logs / "spark-server.log"
    order = {"command": _command(settings, port), "port": port, "log": str(log)}
    keeper = subprocess.Popen(
        [sys.executable, "-m", "alluvium.spark.spark_keeper", str(settings.metastore)],
        env=_environment(settings, java_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is for the command; the keeper sees that its holder is gone.
    )
    assert keeper.stdin is not None
    json.dump(order, keeper.stdin)
    keeper.stdin.close()
    return _wait_until_registered(keeper, settings, log)


def _wait_until_registered(keeper: subprocess.Popen[str], settings: Settings, log: Path) -> ServerFile:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server := ServerFile.read_living(settings.metastore):
            return server
        if keeper.poll() is not None:
            break
        time.sleep(0.1)
    raise AlluviumError(
        "The Spark server did not start",
        where=str(log),
        do="Its log has the reason; `alluvium doctor` checks the machine",
    )


def attach(settings: Settings) -> ServerFile:
    """The living server of this home, started when there is none. The caller must already be a holder."""
    _make_folders(settings)
    try:
        with FileLock(settings.metastore / "server.lock", timeout=START_SECONDS):
            return ServerFile.read_living(settings.metastore) or _launch(settings)
    except Timeout as error:
        raise AlluviumError(
            "Another command has been starting the Spark server for too long",
            do="`alluvium spark status` tells more",
        ) from error


@contextmanager
def hold(settings: Settings) -> Iterator[ServerFile]:
    """Keep the server while the block runs and export how to reach it to child processes."""
    _make_folders(settings)
    with holders.holding(settings.metastore / "holders"):
        server = attach(settings)
        before = {name: os.environ.get(name) for name in ("SPARK_REMOTE", TOKEN_VARIABLE)}
        os.environ.update({"SPARK_REMOTE": f"sc://{HOST}:{server.port}", TOKEN_VARIABLE: server.token})
        try:
            yield server
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def stop(settings: Settings) -> bool:
    """End the server now, whoever holds it; False when none was running."""
    holders.keep_warm(settings.metastore / "holders", wanted=False)
    server = ServerFile.read_living(settings.metastore)
    if server is None:
        return False
    _end(server)
    return True


def _end(server: ServerFile) -> None:
    """Ask the keeper to end the server; end both when it does not."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        keeper = psutil.Process(server.keeper_pid)
        keeper.terminate()
        try:
            keeper.wait(timeout=STOP_SECONDS)
        except psutil.TimeoutExpired:
            for process in (*keeper.children(recursive=True), keeper):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
