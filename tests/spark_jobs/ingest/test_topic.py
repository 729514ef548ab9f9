"""The Kafka door against a real broker: `make test-kafka`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from alluvium.errors import AlluviumError
from alluvium.tables.ingest import PII_QUARANTINE
from spark_jobs.ingest import topic
from tests.spark_jobs.ingest import kafka_broker

pytestmark = [pytest.mark.full, pytest.mark.kafka]

CLICKS = """
description: Clicks, one row per click.
files: {{format: kafka, topic: {topic}{more}}}
optional: true
record: device
max_bad_share: 0.9
columns:
  click:  {{type: bigint, required: true}}
  device: {{type: string, identifier: device}}
  page:   {{type: string}}
key: [click]
"""
MIDNIGHT = datetime(2017, 11, 2, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with kafka_broker.running(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture
def produce(broker):
    """Make a topic of two partitions, and send values to it: a value for each partition in turn."""
    from confluent_kafka import Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": broker})

    def send(name: str, *values: bytes | None, at: datetime | None = None) -> None:
        if name not in admin.list_topics(timeout=20).topics:
            admin.create_topics([NewTopic(name, 2, 1)])[name].result(20)
        producer = Producer({"bootstrap.servers": broker, "linger.ms": 5})
        stamp = {"timestamp": round(at.timestamp() * 1000)} if at else {}
        for place, value in enumerate(values):
            producer.produce(name, value, partition=place % 2, **stamp)
        assert producer.flush(30) == 0

    return send


def click(number: int, device: str = "d1") -> bytes:
    return json.dumps({"click": number, "device": device, "page": "/a"}).encode()


@pytest.fixture
def make_topic(broker, make_source):
    def make(name: str, more: str = ""):
        source = make_source(name, CLICKS.format(topic=name, more=more))
        source.settings = source.settings.model_copy(update={"kafka_servers": broker})
        return source

    return make


def test_each_run_date_takes_what_came_since_the_last_and_takes_it_once(make_topic, produce):
    source = make_topic("clicks")
    odd = [None, b"", b"   ", b"\xff\xfe1", b'{"click":\n 9}', b"[1]"]
    produce("clicks", *(click(n) for n in range(1, 9)), *odd, click(1))
    source.load(1)
    assert source.counts(1) == (15, 9, 4, 2)
    reasons = {tuple(found) for (found,) in source.rows(PII_QUARANTINE, "reasons")}
    assert reasons == {("malformed_row",), ("not_utf8",)}

    produce("clicks", click(10), click(11), click(3, "d2"))
    first = source.content()
    source.load(1)
    source.load(1, force="true")
    assert source.content() == first, "a run date takes the same again"
    source.load(2)
    assert source.counts(2) == (3, 3, 0, 0)
    source.load(3)
    assert source.batch(3)["status"] == "empty"
    source.load(1)
    assert source.counts(1) == (15, 9, 4, 2), "an earlier run date takes nothing of later ones"
    assert {row[0] for row in source.rows(source.silver, "click")} == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}


@pytest.mark.parametrize("moment", ["before the first file", "between two files", "before it is complete"])
def test_a_stop_at_any_moment_loses_nothing_and_doubles_nothing(make_topic, produce, monkeypatch, moment):
    name = f"stop{len(moment)}"
    source = make_topic(name)
    produce(name, *(click(n) for n in range(40)))
    place, put, seen = (
        topic.folder(source.settings.landing, source.contract, date(2017, 11, 1)),
        topic._put,
        [],
    )

    def stop(path, content):
        seen.append(path.name)
        files = [file for file in seen if file != topic.OFFSETS]
        is_now = {
            "before the first file": len(files) == 1,
            "between two files": len(files) == 3,
            "before it is complete": seen.count(topic.OFFSETS) == 2,
        }
        if is_now[moment]:
            raise KeyboardInterrupt
        put(path, content)

    monkeypatch.setattr(topic, "FILE_BYTES", 200)
    with monkeypatch.context() as stopped:
        stopped.setattr(topic, "_put", stop)
        with pytest.raises(KeyboardInterrupt):
            source.load(1)
    produce(name, click(99))
    assert json.loads((place / topic.OFFSETS).read_text())["is_complete"] is False
    source.load(1)
    assert source.counts(1) == (40, 40, 0, 0)
    source.load(2)
    assert source.counts(2) == (1, 1, 0, 0)


def test_until_the_run_date_ends_takes_only_what_was_written_before(make_topic, produce):
    source = make_topic("dated", ", until: run_date_end")
    produce("dated", click(1), click(2), at=datetime(2017, 11, 1, 12, tzinfo=UTC))
    source.load(1)
    produce("dated", click(3), click(4), at=datetime(2017, 11, 2, 3, tzinfo=UTC))
    produce("dated", click(5), at=datetime(2017, 11, 2, 5, tzinfo=UTC))
    source.load(1)
    assert source.counts(1) == (4, 4, 0, 0), "until midnight in New York a run date grows"
    source.load(2)
    assert source.counts(2) == (1, 1, 0, 0)


def test_what_is_wrong_with_the_door_is_said(make_topic, produce, monkeypatch):
    source = make_topic("nowhere")
    with pytest.raises(AlluviumError, match=r"no such topic .*topic nowhere"):
        source.load(1)
    source.settings = source.settings.model_copy(update={"kafka_servers": None})
    with pytest.raises(AlluviumError, match="ALLUVIUM_KAFKA_SERVERS"):
        source.load(1)
    monkeypatch.setattr(topic, "WAIT_SECONDS", 1.0)
    source.settings = source.settings.model_copy(update={"kafka_servers": "127.0.0.1:1"})
    with pytest.raises(AlluviumError, match="the broker does not answer"):
        source.load(1)


def test_records_that_were_deleted_before_they_were_read_are_an_error(make_topic, produce, broker):
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    source = make_topic("gone")
    produce("gone", click(1), click(2))
    source.load(1)
    produce("gone", click(3), click(4), click(5))
    admin = AdminClient({"bootstrap.servers": broker})
    for done in admin.delete_records([TopicPartition("gone", 0, 3)]).values():
        done.result(20)
    with pytest.raises(AlluviumError, match="2 records of partition 0 were deleted before they were read"):
        source.load(2)
