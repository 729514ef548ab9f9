"""Two hundred malformed files, made by rules: each damage in each wrapping, with what must become of it.

A file holds a good row, the damage, and another good row: a damage may cost its own rows and no others.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

COLUMNS = ("id", "text", "amount", "ratio", "sold_at", "kind")
GOOD = ("plain", "1.50", "0.5", "2016-06-01 12:00:00", "a")


@dataclass(frozen=True)
class Damage:
    """What stands between two good rows: its lines for an id, and how many rows of them are good and bad."""

    name: str
    lines: Callable[[int], str | bytes]
    good: int
    bad: int


@dataclass(frozen=True)
class File:
    """A delivered file and what must become of it."""

    name: str
    content: bytes
    good: int
    bad: int


def csv_row(number: object, **changed: str) -> str:
    values = dict(zip(COLUMNS, (number, *GOOD), strict=True)) | changed
    return ",".join(str(values[name]) for name in COLUMNS)


def json_row(number: object, **changed: object) -> str:
    values = dict(zip(COLUMNS, (number, *GOOD), strict=True)) | changed
    return json.dumps(values, ensure_ascii=False)


# Values that any format can carry: column, text, and whether the row stays good.
VALUES = (
    ("amount", "much", False), ("amount", "NaN", False), ("amount", "1000000000000000", False),
    ("amount", "1.005", False), ("amount", "", True), ("amount", "-3.20", False), ("amount", " 2.00 ", True),
    ("ratio", "Infinity", False), ("ratio", "1e400", False), ("ratio", "-0.0", True), ("ratio", "1e-9", True),
    ("sold_at", "2017-03-12 02:30:00", False), ("sold_at", "2016-11-06 01:30:00", True),
    ("sold_at", "9999-12-31 00:00:00", False), ("sold_at", "2017-02-30 00:00:00", False),
    ("sold_at", "12:30", False), ("sold_at", "2017", False), ("sold_at", "tomorrow", False),
    ("kind", "İ", False), ("kind", "ı", False), ("kind", "A", False), ("kind", "", True),
    ("text", "ß ﬁ İı 東京 🛒 e\u0301", True), ("text", "\u202eright to left", True), ("text", "=1+1", True),
    ("text", "x" * 2**20, True), ("text", "a\u2028b", True), ("text", "\x1f", True),
    ("id", "", False), ("id", "1e3", False), ("id", "99999999999999999999", False), ("id", "one", False),
)  # fmt: skip


def _value_damages(row: Callable[..., str]) -> Iterator[Damage]:
    for place, (column, value, is_good) in enumerate(VALUES):
        changed = {column: value}

        def line(number: int, changed: dict[str, str] = changed) -> str:
            # Without an id of its own the row would be a copy of the one in the next file.
            return row(changed["id"], text=f"{number}") if "id" in changed else row(number, **changed)

        yield Damage(f"{column}_{place}", line, int(is_good), int(not is_good))


CSV_DAMAGES = (
    Damage("short_row", lambda number: f"{number},x", 0, 1),
    Damage("long_row", lambda number: csv_row(number) + ",more", 0, 1),
    Damage("only_commas", lambda number: "," + " " * (number % 99) + ",,,,", 0, 1),
    Damage("open_quote", lambda number: csv_row(number, text='"open'), 0, 1),
    Damage("quote_after_quote", lambda number: csv_row(number, text='"a"b"'), 0, 1),
    Damage("quoted_line_feed", lambda number: csv_row(number, text='"two\nlines"'), 1, 0),
    Damage("quoted_comma", lambda number: csv_row(number, text='"a,b"'), 1, 0),
    Damage("doubled_quote", lambda number: csv_row(number, text='"say ""hi"""'), 1, 0),
    Damage("quote_inside", lambda number: csv_row(number, text='5" pipe'), 1, 0),
    Damage("carriage_return_inside", lambda number: csv_row(number, text="a\rb"), 1, 0),
    Damage("nul", lambda number: csv_row(number, text="a\0b"), 1, 0),
    Damage("not_utf8", lambda number: csv_row(number, text="@@").encode().replace(b"@@", b"\xff\xc3"), 0, 1),
    Damage("blank_lines", lambda number: "\n   \n\t", 0, 0),
)
JSON_DAMAGES = (
    Damage("cut", lambda number: json_row(number)[:-9], 0, 1),
    Damage("array", lambda number: f"[{number}]", 0, 1),
    Damage("number", lambda number: str(number), 0, 1),
    Damage("null", lambda number: "null" + " " * (number % 99), 0, 1),
    Damage("text", lambda number: f'"id {number}"', 0, 1),
    Damage("trailing_comma", lambda number: json_row(number)[:-1] + ",}", 1, 0),
    Damage("single_quotes", lambda number: json_row(number).replace('"', "'"), 0, 1),
    Damage("comment", lambda number: json_row(number) + " // note", 0, 1),
    Damage("two_objects", lambda number: json_row(number) * 2, 0, 1),
    Damage("repeated_name", lambda number: f'{{"id":{number},"id":{number + 1}}}', 0, 1),
    Damage("other_case", lambda number: json_row(number).replace('"id"', '"ID"'), 0, 1),
    Damage("bare_nan", lambda number: json_row(number).replace('"0.5"', "NaN"), 0, 1),
    Damage("lone_surrogate", lambda number: json_row(number).replace("plain", "\\ud800"), 0, 1),
    Damage("surrogate_pair", lambda number: json_row(number).replace("plain", "\\ud83d\\uded2"), 1, 0),
    Damage("deep", lambda number: json_row(number).replace('"plain"', "[" * 1000 + "]" * 1000), 1, 0),
    Damage("unknown_name", lambda number: json_row(number, unknown={"a": [1]}), 1, 0),
    Damage("numbers_bare", lambda number: json_row(number, amount=1.5, ratio=2), 1, 0),
    Damage("true_for_a_number", lambda number: json_row(number, amount=True), 0, 1),
    Damage("not_utf8", lambda number: json_row(number).encode().replace(b"plain", b"\xff\xc3"), 0, 1),
    Damage("blank_lines", lambda number: "\n   \n\t", 0, 0),
)
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".zst": zstandard.compress,
}


def _between(first: str, damage: str | bytes, last: str, header: str) -> bytes:
    middle = damage if isinstance(damage, bytes) else damage.encode()
    return header.encode() + b"\n".join([first.encode(), middle, last.encode()]) + b"\n"


def _damaged(
    format_: str, damages: list[Damage], row: Callable[..., str], header: str
) -> Iterator[tuple[File, bytes]]:
    number = 1
    for damage in damages:
        for ending, wrap in WRAPPINGS.items():
            content = _between(row(number), damage.lines(number + 1), row(number + 2), header)
            number += 10
            name = f"{damage.name}.{format_}{ending}"
            yield File(name, wrap(content), 2 + damage.good, damage.bad), content


def _whole(format_: str, row: Callable[..., str], header: str) -> Iterator[File]:
    """What happens to a file as a whole."""

    def text(first: int) -> str:
        return header + "".join(f"{row(first + place)}\n" for place in range(60))

    wrapped = {
        "crlf": text(90_000).replace("\n", "\r\n").encode(),
        "mark": b"\xef\xbb\xbf" + text(90_100).encode(),
        "utf16": text(90_200).encode("utf-16"),
        "no_last_line_feed": text(90_300).rstrip().encode(),
        "packed_under_a_plain_name": gzip.compress(text(90_400).encode()),
    }
    yield from (File(f"{name}.{format_}", content, 60, 0) for name, content in wrapped.items())
    yield File(f"empty.{format_}", b"", 0, 0)
    yield File(f"header_only.{format_}", header.encode(), 0, 0)
    yield File(f"truncated.{format_}.gz", gzip.compress(text(1).encode())[:-12], 0, 1)
    yield File(f"flipped.{format_}.gz", gzip.compress(text(1).encode())[:-6] + b"\0" * 6, 0, 1)
    yield File(f"truncated.{format_}.zst", zstandard.compress(text(1).encode())[:-6], 0, 1)
    yield File(f"two_members.{format_}.gz", gzip.compress(text(90_500).encode()) + gzip.compress(b""), 60, 0)


def csv_files() -> list[File]:
    """Every damage of a CSV file, three times, and of the file as a whole."""
    header = ",".join(COLUMNS) + "\n"
    damages = [*CSV_DAMAGES, *_value_damages(csv_row)]
    files = [file for file, _ in _damaged("csv", damages, csv_row, header)]
    twice = File("twice_a_name.csv", b"id,id\n1,2\n", 0, 1)
    huge = File("huge_field.csv", (header + csv_row(95_000, text="x" * 20 * 2**20)).encode(), 1, 0)
    return [*files, *_whole("csv", csv_row, header), twice, huge]


def json_files() -> list[File]:
    """The same for JSON lines."""
    damages = [*JSON_DAMAGES, *_value_damages(json_row)]
    return [*(file for file, _ in _damaged("json", damages, json_row, "")), *_whole("json", json_row, "")]


def _records(first: int) -> list[dict[str, str | int]]:
    return [dict(zip(COLUMNS, (first + place, *GOOD), strict=True)) for place in range(60)]


def parquet_files() -> list[File]:
    """Parquet that is whole, cut, empty or something else."""

    def written(first: int, codec: str = "snappy") -> bytes:
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(_records(first)), buffer, compression=codec)
        return buffer.getvalue()

    good = [
        File(f"{codec}.parquet", written(100 * place, codec), 60, 0)
        for place, codec in enumerate(("gzip", "zstd"))
    ]
    whole = written(1000)
    broken = {
        "cut": whole[:-100], "headless": whole[4:], "text": b"PAR1 nothing", "zeros": bytes(500),
        "empty": b"", "flipped": whole[:40] + bytes(200) + whole[240:],
    }  # fmt: skip
    return [*good, *(File(f"{name}.parquet", content, 0, 1) for name, content in broken.items())]


def avro_files() -> list[File]:
    """Avro that is whole, cut, empty or something else."""
    fields = [{"name": name, "type": ["null", "string", "long"]} for name in COLUMNS]

    def written(first: int, codec: str = "null") -> bytes:
        buffer = io.BytesIO()
        fastavro.writer(
            buffer, {"type": "record", "name": "row", "fields": fields}, _records(first), codec=codec
        )
        return buffer.getvalue()

    good = [
        File(f"{codec}.avro", written(100 * place, codec), 60, 0)
        for place, codec in enumerate(("null", "deflate"))
    ]
    whole = written(1000)
    broken = {
        "cut": whole[:-50],
        "headless": whole[4:],
        "text": b"Obj\x01 nothing",
        "zeros": bytes(500),
        "empty": b"",
    }
    return [*good, *(File(f"{name}.avro", content, 0, 1) for name, content in broken.items())]


FILES = {"csv": csv_files, "json": json_files, "parquet": parquet_files, "avro": avro_files}
