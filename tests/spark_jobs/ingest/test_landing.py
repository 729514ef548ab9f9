"""What was delivered: files, and the columns in them that are new."""

from __future__ import annotations

from datetime import date

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alluvium import contract
from alluvium.errors import AlluviumError
from spark_jobs.ingest.drift import new_columns
from spark_jobs.ingest.landing import find, folder

DAY = date(2017, 11, 1)


def promise(format_: str = "csv", more: str = "") -> contract.Contract:
    text = f"""
description: Tickets, one row per ticket.
files: {{format: {format_}}}
{more}
columns:
  ticket: {{type: bigint, required: true}}
key: [ticket]
"""
    return contract.parse(text, "garage", "tickets", "tickets.yml")


def test_hidden_files_and_folders_are_not_part_of_a_delivery(tmp_path):
    place = folder(tmp_path, promise(), DAY)
    (place / "inner").mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".part", "_SUCCESS"):
        (place / name).write_text("ticket\n")
    assert [path.name for path in find(tmp_path, promise(), DAY).files] == ["a.csv", "b.csv"]


def test_an_empty_delivery_is_an_error_that_names_contract_date_and_place(tmp_path):
    with pytest.raises(AlluviumError, match=r"garage/tickets on 2017-11-01 .*run_date=2017-11-01"):
        find(tmp_path, promise(), DAY)
    assert find(tmp_path, promise(more="optional: true"), DAY).files == ()


def test_the_fingerprint_follows_names_and_bytes(tmp_path):
    place = folder(tmp_path, promise(), DAY)
    place.mkdir(parents=True)
    (place / "a.csv").write_text("ticket\n1\n")
    seen = [find(tmp_path, promise(), DAY).fingerprint()]
    (place / "a.csv").write_text("ticket\n2\n")
    seen.append(find(tmp_path, promise(), DAY).fingerprint())
    (place / "a.csv").rename(place / "b.csv")
    seen.append(find(tmp_path, promise(), DAY).fingerprint())
    assert len(set(seen)) == 3
    assert find(tmp_path, promise(), DAY).fingerprint() == seen[-1]


def test_new_columns_are_named_in_every_format_that_has_a_header(tmp_path):
    found = {}
    for format_ in ("csv", "parquet", "avro"):
        place = folder(tmp_path / format_, promise(), DAY)
        place.mkdir(parents=True)
        file = place / f"rows.{format_}"
        if format_ == "csv":
            file.write_text("TICKET,colour\n1,red\n")
        elif format_ == "parquet":
            pq.write_table(pa.table({"ticket": [1], "colour": ["red"]}), file)
        else:
            fields = [{"name": "ticket", "type": "long"}, {"name": "colour", "type": "string"}]
            with file.open("wb") as stream:
                schema = {"type": "record", "name": "row", "fields": fields}
                fastavro.writer(stream, schema, [{"ticket": 1, "colour": "red"}])
        found[format_] = new_columns(find(tmp_path / format_, promise(format_), DAY))
    assert found == {"csv": ["colour"], "parquet": ["colour"], "avro": ["colour"]}


def test_a_contract_may_refuse_a_new_column(tmp_path):
    place = folder(tmp_path, promise(), DAY)
    place.mkdir(parents=True)
    (place / "a.csv").write_text("ticket,colour\n1,red\n")
    with pytest.raises(AlluviumError, match="new column 'colour'"):
        new_columns(find(tmp_path, promise(more="on_new_column: fail"), DAY))


def test_a_damaged_file_has_no_names_and_no_error(tmp_path):
    place = folder(tmp_path, promise(), DAY)
    place.mkdir(parents=True)
    (place / "a.parquet").write_bytes(b"PAR1")
    assert new_columns(find(tmp_path, promise("parquet"), DAY)) == []
