"""Reading without Spark: a corpus of malformed files, hashes that are equal for equal rows, keys."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from alluvium.contracts import contract
from alluvium.privacy import keys
from spark_jobs.ingest.reading import canonical, read_again, read_file
from spark_jobs.ingest.recipe import Recipe, recipe_of

SECRET = bytes(range(32))
CSV = contract.parse(
    """
description: Tickets, one row per ticket.
files: {format: csv}
record: card
columns:
  ticket: {type: bigint, required: true}
  card: {type: string, identifier: loyalty_card}
  email: {type: string, pii: email, identifier: email}
key: [ticket]
""",
    "garage",
    "tickets",
    "tickets.yml",
)
HEADER = "ticket,card,email\n"
ROW = "1,900,a@example.org\n"
OTHER = "2,901,\n"
DEEP = '{"ticket":' * 3000 + "1" + "}" * 3000


def recipe(format_: str = "csv") -> Recipe:
    made = recipe_of(CSV, Path("record.key"))
    return Recipe(**{**made.__dict__, "format": format_})


def rows(path: Path, format_: str = "csv") -> list[dict]:
    return [row for batch in read_file(path, recipe(format_), SECRET) for row in batch.to_pylist()]


def outcome(path: Path, format_: str = "csv") -> list[str | None]:
    """The ticket of each good row, the problem of each bad one."""
    return sorted((row["_problem"] or row["ticket"] or "-") for row in rows(path, format_))


def gz(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


GOOD_CSV = HEADER + ROW + OTHER
GOOD_JSON = '{"ticket":1,"card":"900"}\n{"ticket":2}\n'
CORPUS = {
    "plain.csv": (GOOD_CSV.encode(), ["1", "2"]),
    "crlf.csv": (GOOD_CSV.replace("\n", "\r\n").encode(), ["1", "2"]),
    "mark.csv": (b"\xef\xbb\xbf" + GOOD_CSV.encode(), ["1", "2"]),
    "utf16.csv": (GOOD_CSV.encode("utf-16"), ["1", "2"]),
    "packed.csv.gz": (gz(GOOD_CSV), ["1", "2"]),
    "packed.csv.zst": (zstandard.compress(GOOD_CSV.encode()), ["1", "2"]),
    "wrong_extension.csv": (gz(GOOD_CSV), ["1", "2"]),
    "no_last_line_feed.csv": (GOOD_CSV.rstrip().encode(), ["1", "2"]),
    "empty.csv": (b"", []),
    "header_only.csv": (HEADER.encode(), []),
    "not_utf8.csv": ((HEADER + ROW).encode() + b"2,\xff\xfe,\n", ["1", "not_utf8"]),
    "nul.csv": (f"{HEADER}1,\0,\n".encode(), ["1"]),
    "short.csv": (f"{HEADER}{ROW}2,901\n".encode(), ["1", "malformed_row"]),
    "truncated.csv.gz": (gz(GOOD_CSV * 50)[:-12], ["unreadable_file"]),
    "flipped.csv.gz": (gz(GOOD_CSV)[:-6] + b"\0" * 6, ["unreadable_file"]),
    "truncated.csv.zst": (zstandard.compress(GOOD_CSV.encode())[:-6], ["unreadable_file"]),
    "twice_a_name.csv": (f"ticket,ticket\n{ROW}".encode(), ["unreadable_file"]),
    "plain.json": (GOOD_JSON.encode(), ["1", "2"]),
    "broken.json": (b'{"ticket":1}\n{"ticket":\n[2]\n3\n', ["1", *["malformed_row"] * 3]),
    "repeated_name.json": (b'{"ticket":1,"ticket":2}\n', ["repeated_field"]),
    "lone_surrogate.json": (b'{"ticket":1,"card":"\\ud800"}\n', ["malformed_row"]),
    "deep.json": (DEEP.encode() + b"\n" + b'{"ticket":2}', ["2", DEEP[10:-1].replace(" ", "")]),
    "text.avro": (b"Obj\x01 no avro", ["unreadable_file"]),
    "text.parquet": (b"PAR1 no parquet PAR1", ["unreadable_file"]),
}


@pytest.mark.parametrize("name", CORPUS)
def test_no_row_is_lost_and_none_is_invented(tmp_path, name):
    content, expected = CORPUS[name]
    (tmp_path / name).write_bytes(content)
    format_ = next(part for part in ("csv", "json", "avro", "parquet") if f".{part}" in name)
    assert outcome(tmp_path / name, format_) == sorted(expected)


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("spark_jobs.ingest.opening.MOST_EXPANDED_BYTES", 2**20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"0" * 8 * 2**20))
    assert outcome(bomb) == ["unreadable_file"]


def avro(folder: Path, records: list[dict]) -> Path:
    fields = [{"name": name, "type": ["null", "string", "long"]} for name in ("ticket", "card", "email")]
    path = folder / "rows.avro"
    with path.open("wb") as stream:
        fastavro.writer(stream, {"type": "record", "name": "row", "fields": fields}, records)
    return path


def test_a_row_has_the_same_hash_in_every_format(tmp_path):
    records = [{"ticket": 1, "card": "900", "email": "a@example.org"}]
    (tmp_path / "rows.csv").write_text("email,card,ticket\na@example.org,900,1\n")
    (tmp_path / "rows.json").write_text(json.dumps({**records[0], "unknown": True}))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "rows.parquet")
    avro(tmp_path, records)
    found = {name: rows(tmp_path / f"rows.{name}", name)[0] for name in ("csv", "json", "parquet", "avro")}
    assert len({row["_row_hash"] for row in found.values()}) == 1
    assert len({row["email_key"] for row in found.values()}) == 1


def test_a_truncated_binary_file_gives_none_of_its_rows(tmp_path):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"ticket": list(range(1000))}), buffer)
    (tmp_path / "rows.parquet").write_bytes(buffer.getvalue()[:-100])
    path = avro(tmp_path, [{"ticket": number, "card": "x" * 100, "email": None} for number in range(1000)])
    path.write_bytes(path.read_bytes()[:-50])
    assert outcome(tmp_path / "rows.parquet", "parquet") == ["unreadable_file"]
    assert outcome(path, "avro") == ["unreadable_file"]


def test_rows_carry_keys_and_know_where_they_came_from(tmp_path):
    (tmp_path / "a.csv").write_text(GOOD_CSV)
    first, second = rows(tmp_path / "a.csv")
    assert (first["_source_file"], first["_row_number"], first["_raw"]) == ("a.csv", 2, ROW.rstrip())
    assert first["record_key"] == keys.record_key("garage", "900", SECRET)
    assert first["email_key"] == keys.identifier_key("email", "A@EXAMPLE.ORG", secret=SECRET)
    assert second["email_key"] is None


def test_a_row_of_the_quarantine_reads_as_it_did_in_its_file(tmp_path, settings, monkeypatch):
    monkeypatch.setenv(keys.FILE_VARIABLE, str(keys.ensure_key(settings)))
    path = tmp_path / "a.csv"
    path.write_text(GOOD_CSV)
    from_file = [row for batch in read_file(path, recipe(), keys.load_secret()) for row in batch.to_pylist()]
    kept = pa.RecordBatch.from_pylist(
        [
            {
                "source_file": row["_source_file"],
                "row_number": row["_row_number"],
                "raw_payload": row["_raw"],
                "header": row["_header"],
                "problem": None,
            }
            for row in from_file
        ]
    )
    again = [row for batch in read_again(iter([kept]), recipe()) for row in batch.to_pylist()]
    assert again == from_file


VALUE = st.one_of(st.none(), st.text(alphabet="ab=\x1f", max_size=4))


@given(left=st.tuples(VALUE, VALUE), right=st.tuples(VALUE, VALUE))
def test_two_rows_share_a_text_only_when_they_are_equal(left, right):
    columns = [pa.array(pair, pa.string()) for pair in zip(left, right, strict=True)]
    first, second = canonical(columns, ["a", "b"]).to_pylist()
    assert (first == second) == (left == right)
