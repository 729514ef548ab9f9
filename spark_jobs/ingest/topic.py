"""The Kafka door: a run date takes one bounded stretch of a topic, and writes it among the landed files.

What happens, in this order, so that a kill at any point loses nothing and doubles nothing:
1. the stretch, from and to which offset of each partition, is written to `.offsets.json` of the run date;
2. its records are written to files beside it, each moved to its place whole, named by its first offset;
3. `.offsets.json` is marked complete.
Until 3 a rerun reads the same stretch again into the same files. After it the files are a delivery like any
other: a replay, a backfill or an erasure needs no broker. The next run date begins where the last one ended;
the broker's own consumer groups are not used, for a commit there and one in the lake are two commits.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import zstandard

from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import Settings
from spark_jobs.ingest.landing import folder

OFFSETS = ".offsets.json"
FILE_BYTES = 64 * 2**20  # Of text; a file is one task's work.
WAIT_SECONDS = 20.0
MESSAGES_AT_ONCE = 10_000
# Taken off when a file is opened. With it no record can make the file look like UTF-16.
UTF_8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Stretch:
    """What one run date takes: by partition the first offset and the one after the last."""

    topic: str
    partitions: dict[str, tuple[int, int]] = field(default_factory=dict)
    is_complete: bool = False

    @property
    def count(self) -> int:
        """Offsets in it; of a compacted topic some have no record."""
        return sum(end - start for start, end in self.partitions.values())


def _read(path: Path) -> Stretch | None:
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    pairs = {name: (pair[0], pair[1]) for name, pair in held["partitions"].items()}
    return Stretch(held["topic"], pairs, held["is_complete"])


def _write(path: Path, stretch: Stretch) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path, json.dumps(asdict(stretch), sort_keys=True).encode())


def _put(path: Path, content: bytes) -> None:
    """The file is there whole or not at all, also after a power cut."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    os.replace(draft, path)


def taken(landing: Path, contract: Contract, but: date | None = None) -> tuple[dict[str, int], date | None]:
    """The next offset of each partition after all stretches, and the newest run date that took one."""
    ends: dict[str, int] = {}
    newest = None
    for path in (landing / contract.source / contract.entity).glob(f"run_date=*/{OFFSETS}"):
        day = date.fromisoformat(path.parent.name.partition("=")[2])
        stretch = _read(path)
        if day == but or stretch is None or stretch.topic != contract.files.topic:
            continue
        newest = max(filter(None, (newest, day)))
        for name, (_, end) in stretch.partitions.items():
            ends[name] = max(end, ends.get(name, 0))
    return ends, newest


def _consumer(settings: Settings) -> Any:
    from confluent_kafka import Consumer

    if not settings.kafka_servers:
        raise UsageError(
            "A contract reads a Kafka topic and no broker is set",
            where="ALLUVIUM_KAFKA_SERVERS",
            do="Set it to host:port, several with commas",
        )
    conf: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_servers,
        "security.protocol": settings.kafka_security_protocol,
        "group.id": "alluvium",  # Asked for by the client; nothing is committed to it.
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "log_level": 0,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        secret = settings.kafka_password
        conf |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_user or "",
            "sasl.password": secret.get_secret_value() if secret else "",
        }
    return Consumer(conf)


def land(settings: Settings, contract: Contract, run_date: date, run_date_end: datetime) -> None:
    """Write the run date's stretch of the contract's topic to the landing zone; nothing when it is there.

    Under `until: now` the first run of a run date takes what there is, and later runs of it the same. Under
    `until: run_date_end` each run takes what was written before the run date's end. A run date before one
    that took records takes none. Raises AlluviumError when the broker does not answer, the topic is not
    there, or records were deleted before they were read.
    """
    path = folder(settings.landing, contract, run_date) / OFFSETS
    held = _read(path)
    if held is not None and held.is_complete and contract.files.until == "now":
        return
    ends, newest = taken(settings.landing, contract, but=run_date)
    is_past = newest is not None and newest > run_date
    if is_past and (held is None or held.is_complete):
        return
    reader = _consumer(settings)
    try:
        _land(_Broker(reader, contract), held, ends, path, run_date_end, is_past)
    finally:
        reader.close()


def _land(
    broker: _Broker, held: Stretch | None, ends: dict[str, int], path: Path, until: datetime, is_past: bool
) -> None:
    is_open = held is not None and not held.is_complete
    wanted = held if held is not None and (is_open or is_past) else broker.available(held, ends, until)
    if wanted.count == 0:
        return
    if held is None or wanted.partitions != held.partitions:
        _write(path, wanted)
    elif held.is_complete:
        return
    for name, (start, end) in sorted(wanted.partitions.items()):
        for first, text in broker.records(int(name), start, end):
            packed = zstandard.ZstdCompressor(write_content_size=True).compress(UTF_8_MARK + text)
            _put(path.with_name(f"{wanted.topic}-{name}-{first:020d}.jsonl.zst"), packed)
    _write(path, Stretch(wanted.topic, wanted.partitions, is_complete=True))


@dataclass(frozen=True)
class _Broker:
    """One topic of the brokers, asked for stretches and records."""

    reader: Any
    contract: Contract

    @property
    def topic(self) -> str:
        assert self.contract.files.topic is not None
        return self.contract.files.topic

    def _refusal(self, what: str, do: str) -> AlluviumError:
        return AlluviumError(f"{self.contract.label}: {what}", where=f"topic {self.topic}", do=do)

    def _asked(self, ask: Any, *given: Any, **more: Any) -> Any:
        from confluent_kafka import KafkaException

        try:
            return ask(*given, timeout=WAIT_SECONDS, **more)
        except KafkaException as error:
            raise self._refusal(
                f"the broker does not answer ({error.args[0].name()})",
                "Check ALLUVIUM_KAFKA_SERVERS and the broker, then run again",
            ) from None

    def _partitions(self) -> list[int]:
        found = self._asked(self.reader.list_topics, self.topic).topics[self.topic]
        if found.error is not None or not found.partitions:
            raise self._refusal("there is no such topic", "Check `topic` in the contract")
        return sorted(found.partitions)

    def available(self, held: Stretch | None, ends: dict[str, int], until: datetime) -> Stretch:
        """What may be taken now: from where the last stretch ended to the last record, or to `until`."""
        from confluent_kafka import TopicPartition

        stretches = {}
        for number in self._partitions():
            name = str(number)
            place = TopicPartition(self.topic, number)
            low, high = self._asked(self.reader.get_watermark_offsets, place)
            start = held.partitions[name][0] if held and name in held.partitions else ends.get(name, low)
            self._check(number, start, low, high, held is not None)
            if self.contract.files.until == "run_date_end":
                at = TopicPartition(self.topic, number, round(until.timestamp() * 1000))
                [found] = self._asked(self.reader.offsets_for_times, [at])
                high = found.offset if found.offset >= 0 else high
            stretches[name] = (start, max(start, high))
        return Stretch(self.topic, stretches)

    def _check(self, number: int, start: int, low: int, high: int, is_again: bool) -> None:
        if high < start:
            raise self._refusal(
                f"partition {number} ends at {high}, and {start} was read: the topic was made anew",
                "Give the contract the name of a new topic, or a new entity",
            )
        if low > start and not is_again:
            raise self._refusal(
                f"{low - start} records of partition {number} were deleted before they were read",
                f"Lengthen the topic's retention; to go on without them, let partition {number} end at {low} "
                f"in the contract's newest {OFFSETS}",
            )

    def records(self, number: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The records of a stretch as JSON lines, in blocks that make a file: first offset and text."""
        first, lines, size = start, list[bytes](), 0
        for offset, value in self._values(number, start, end):
            lines.append(line_of(value))
            size += len(lines[-1]) + 1
            if size >= FILE_BYTES:
                yield first, b"\n".join(lines)
                first, lines, size = offset + 1, [], 0
        if lines:
            yield first, b"\n".join(lines)

    def _values(self, number: int, start: int, end: int) -> Iterator[tuple[int, bytes | None]]:
        """Offsets and values of a stretch. Of a compacted topic some offsets have no record."""
        from confluent_kafka import TopicPartition

        self.reader.assign([TopicPartition(self.topic, number, start)])
        position, last_heard = start, time.monotonic()
        while position < end:
            messages = self.reader.consume(min(MESSAGES_AT_ONCE, end - position), timeout=1)
            if messages:
                last_heard = time.monotonic()
            elif time.monotonic() - last_heard > WAIT_SECONDS:
                raise self._refusal("the broker stopped answering", "Run again; the same records are read")
            for message in messages:
                if message.error() is None and message.offset() < end:
                    yield message.offset(), message.value()
                position = max(position, self._after(message))

    def _after(self, message: Any) -> int:
        """Where reading goes on. An end of partition stands where the next record will."""
        from confluent_kafka import KafkaError

        if message.error() is None:
            return int(message.offset()) + 1
        if message.error().code() == KafkaError._PARTITION_EOF:
            return int(message.offset())
        raise self._refusal(f"it cannot be read ({message.error().name()})", "Run again")


def line_of(value: bytes | None) -> bytes:
    """A record as one line that is not blank. In JSON a line feed is white space between words only."""
    if value is None:
        return b"null"
    line = value.replace(b"\r", b" ").replace(b"\n", b" ")
    return line if line.strip() else b'""'
