"""A real Kafka broker in KRaft mode, from Maven jars, for the length of a test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from alluvium.settings import CHECKOUT
from alluvium.spark import jars

KAFKA = "org.apache.kafka:kafka_2.13:3.9.1"
CACHE = Path(sys.prefix) / "share" / "alluvium" / "ivy-kafka"
START_SECONDS = 120


def fetch() -> list[Path]:
    """The broker's jars, fetched once from Maven Central through Spark's Ivy."""
    done = CACHE / "complete"
    if done.exists():
        return sorted((CACHE / "jars").glob("*.jar"))
    CACHE.mkdir(parents=True, exist_ok=True)
    conf = {
        "spark.jars.packages": KAFKA,
        "spark.jars.ivy": str(CACHE),
        "spark.jars.ivySettings": (CHECKOUT / "infra" / "spark" / "ivysettings.xml").as_uri(),
    }
    flags = [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    # Resolving happens before the application starts; this one only prints a version.
    flags += ["--class", "org.apache.spark.util.VersionUtils", "spark-internal"]
    resolving = subprocess.run(
        [str(jars.spark_home() / "bin" / "spark-submit"), *flags],
        env={**os.environ, "SPARK_HOME": str(jars.spark_home()), "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        timeout=600,
        check=False,
    )
    held = sorted((CACHE / "jars").glob("*.jar"))
    assert any("kafka-raft" in jar.name for jar in held), resolving.stderr.decode()[-2000:]
    done.touch()
    return held


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _properties(folder: Path, broker: int, controller: int) -> Path:
    path = folder / "server.properties"
    path.write_text(
        "\n".join(
            [
                "process.roles=broker,controller",
                "node.id=1",
                f"controller.quorum.voters=1@127.0.0.1:{controller}",
                f"listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
                f"advertised.listeners=PLAINTEXT://127.0.0.1:{broker}",
                "controller.listener.names=CONTROLLER",
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
                f"log.dirs={folder / 'logs'}",
                "offsets.topic.replication.factor=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "auto.create.topics.enable=false",
                "group.initial.rebalance.delay.ms=0",
                "log.retention.check.interval.ms=1000",
            ]
        )
    )
    return path


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The broker's address while the block runs; it keeps its data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    broker, controller = _free_ports(2)
    properties = _properties(folder, broker, controller)
    java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"]
    # Spark's Ivy leaves Scala's library out: Spark has it.
    scala = (jars.spark_home() / "jars").glob("scala-library-*.jar")
    java.append(os.pathsep.join(map(str, [*fetch(), *scala])))
    cluster = uuid4().hex[:22]
    form = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)]
    subprocess.run(form, check=True, capture_output=True)
    with (folder / "broker.log").open("wb") as log:
        server = subprocess.Popen([*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log)
    try:
        _wait(server, broker, folder / "broker.log")
        yield f"127.0.0.1:{broker}"
    finally:
        server.kill()
        server.wait()


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            admin.list_topics(timeout=2)
        except KafkaException:
            continue
        return
    raise AssertionError(f"the broker did not start: {log.read_text()[-2000:]}")
