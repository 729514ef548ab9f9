"""Who is with a platform after tonight, streamed to a file: memory does not grow with the audience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from alluvium import driver_stays, stays
from spark_jobs.publish.judging import Judged

HELD_OUT = "held_out"
"""Would be sent, and is kept out to measure the effect: no stay, but a member of the experiment."""
BUFFERED = 10_000
SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("segment", "platform", "purpose", "customer_id")],
        ("entered_at", driver_stays.INSTANT),
        ("written_left_at", driver_stays.INSTANT),
        ("definition_version", pa.string()),
        ("move", pa.string()),
        ("run_date", pa.date32()),
    ]
)


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    """Instants are given in microseconds since 1970."""
    if kind == driver_stays.INSTANT:
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


class MoveLog:
    """Appends one line per person who enters, stays or leaves."""

    def __init__(self, path: Path, run_date: date, purpose: str, definition_version: str) -> None:
        self.path, self._run_date = path, run_date
        self._night = int(stays.night_at(run_date).timestamp()) * 1_000_000
        self._purpose, self._version = purpose, definition_version
        self._rows: list[tuple[Any, ...]] = []
        self._writer = pa.ipc.new_file(str(path), SCHEMA)

    def note(self, person: Judged, move: str) -> None:
        """Who enters, or would, does so under tonight's purpose; the others under the one they came with."""
        is_new = move in (stays.ENTERED, HELD_OUT)
        self._rows.append(
            (
                person.segment,
                person.platform,
                self._purpose if is_new else person.former_purpose,
                person.customer_id,
                self._night if is_new else person.entered_at,
                # Of who leaves it says nothing new: a repeated night gives the same lines.
                None if move == stays.LEFT else person.written_left_at,
                self._version if is_new else person.former_version,
                move,
                self._run_date,
            )
        )
        if len(self._rows) >= BUFFERED:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = zip(SCHEMA, zip(*self._rows, strict=True), strict=True)
            arrays = [_array(field.type, values) for field, values in columns]
            self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))
            self._rows.clear()

    def close(self) -> None:
        """Flush to the disk."""
        self._flush()
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: Path, with_entered: bool) -> Iterator[pa.RecordBatch]:
    """The lines again; only of those who were there before when the audience is held."""
    with pa.OSFile(str(path)) as source:
        reader = pa.ipc.open_file(source)
        for position in range(reader.num_record_batches):
            batch = reader.get_batch(position)
            if not with_entered:
                batch = batch.filter(pc.is_in(batch["move"], pa.array([stays.STAYED, stays.LEFT])))
            yield batch
