"""Files that are right to the byte, and never seen by half."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256

import polars as pl

from spark_jobs.publish.files import (
    MANIFEST,
    ChunkedCsv,
    CsvFile,
    put_in_place,
    write_manifest,
)


def test_csv_is_rfc_4180_with_every_field_quoted(tmp_path):
    with CsvFile(tmp_path / "a.csv", ["x", "y"]) as file:
        file.write(pl.DataFrame({"x": ['say "hi"', ""], "y": ["é,\nb", "1"]}))
    expected = '"x","y"\r\n"say ""hi""","é,\nb"\r\n"","1"\r\n'.encode()
    assert (tmp_path / "a.csv").read_bytes() == expected
    assert (tmp_path / "a.csv").stat().st_mode & 0o077 == 0


def test_a_file_without_rows_is_not_there(tmp_path):
    CsvFile(tmp_path / "a.csv", ["x"]).close()
    assert list(tmp_path.iterdir()) == []


def test_chunks_have_a_header_each_and_at_most_their_rows(tmp_path):
    chunks = ChunkedCsv(tmp_path, ["x"], chunk_rows=2)
    for numbers in (["0"], ["1", "2", "3", "4"]):
        chunks.write(pl.DataFrame({"x": numbers}))
    chunks.close()
    lines = {path.name: path.read_text().split() for path in sorted(tmp_path.iterdir())}
    assert lines["audience_0002.csv"] == ['"x"', '"2"', '"3"']
    assert list(lines) == ["audience_0001.csv", "audience_0002.csv", "audience_0003.csv"]
    assert list(chunks.read()) == [["0"], ["1"], ["2"], ["3"], ["4"]]


def write_folder(final, text):
    draft = final.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    with CsvFile(draft / "audience_0001.csv", ["x"]) as file:
        file.write(pl.DataFrame({"x": [text]}))
    write_manifest(draft, {"segment": "a"})
    return draft


def test_the_manifest_has_the_hash_of_each_file(tmp_path):
    final = tmp_path / "a"
    put_in_place(write_folder(final, "1"), final)
    (listed,) = json.loads((final / MANIFEST).read_text())["files"]
    content = (final / "audience_0001.csv").read_bytes()
    assert listed == {
        "name": "audience_0001.csv",
        "rows": 1,
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }


def test_the_same_files_are_not_written_again_and_others_replace_them_whole(tmp_path):
    final = tmp_path / "a"
    assert put_in_place(write_folder(final, "1"), final)
    before = (final / MANIFEST).stat().st_mtime_ns
    assert not put_in_place(write_folder(final, "1"), final)
    assert (final / MANIFEST).stat().st_mtime_ns == before
    (final / "stray.csv").write_text("left by somebody")
    assert put_in_place(write_folder(final, "2"), final)
    assert sorted(path.name for path in final.iterdir()) == ["audience_0001.csv", MANIFEST]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
