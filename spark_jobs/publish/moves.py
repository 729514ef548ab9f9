"""Who is with a platform after tonight, streamed to a file: memory does not grow with the audience."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from alluvium.lake import driver_stays, stays

HELD_OUT = "held_out"
"""Would be sent, and is kept out to measure the effect: no stay, but a member of the experiment."""
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


class MoveLog:
    """Appends one line per person who enters, stays or leaves."""

    def __init__(self, path: Path, run_date: date, purpose: str, definition_version: str) -> None:
        self.path, self._run_date = path, run_date
        self._night = int(stays.night_at(run_date).timestamp()) * 1_000_000
        self._purpose, self._version = purpose, definition_version
        self._writer = pa.ipc.new_file(str(path), SCHEMA)

    def note(self, segment: str, platform: str, people: pl.DataFrame) -> None:
        """People with their `move`. Who enters, or would, does so under tonight's purpose; the others under
        the one they came with.
        """
        if people.is_empty():
            return
        is_new = pl.col("move").is_in([stays.ENTERED, HELD_OUT])
        rows = people.select(
            segment=pl.lit(segment),
            platform=pl.lit(platform),
            purpose=pl.when(is_new).then(pl.lit(self._purpose)).otherwise("former_purpose"),
            customer_id="customer_id",
            entered_at=pl.when(is_new).then(pl.lit(self._night)).otherwise("entered_at"),
            # Of who leaves it says nothing new: a repeated night gives the same lines.
            written_left_at=pl.when(pl.col("move") != stays.LEFT).then("written_left_at"),
            definition_version=pl.when(is_new).then(pl.lit(self._version)).otherwise("former_version"),
            move="move",
            run_date=pl.lit(self._run_date),
        )
        self._writer.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(SCHEMA))

    def close(self) -> None:
        """Flush to the disk."""
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
