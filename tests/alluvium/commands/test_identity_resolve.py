"""`alluvium identity resolve`: any table in, clusters out; what is wrong is said plainly."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from alluvium.commands.identity import app
from alluvium.errors import AlluviumError, UsageError

ROWS = """key,who,born,mail
007,Anna Maria Smith,1980-04-12,anna.smith@example.com
8,"Smith, Anna M.",12/04/1980,anna.smith@example.com
9,Bob Jones,1975-01-30,bob@example.com
10,Carla Diaz,1961-11-02,
"""
MAPPING = "id: key\nroles:\n  name: [who]\n  date: [born]\n  email: [mail]\n"


def resolve(folder: Path, rows: str = ROWS, mapping: str = MAPPING, *more: str):  # type: ignore[no-untyped-def]
    (folder / "people.csv").write_text(rows, encoding="utf-8")
    (folder / "mapping.yml").write_text(mapping, encoding="utf-8")
    files = [
        "--input",
        folder / "people.csv",
        "--columns",
        folder / "mapping.yml",
        "--output",
        folder / "c.parquet",
    ]
    return CliRunner().invoke(app, ["resolve", *map(str, files), *more])


def test_every_record_has_one_cluster_in_the_order_of_the_input(tmp_path: Path) -> None:
    done = resolve(tmp_path, ROWS, MAPPING, "--json", "--links", str(tmp_path / "links.csv"))
    assert done.exit_code == 0
    clusters = pl.read_parquet(tmp_path / "c.parquet")
    assert clusters.columns == ["id", "cluster_id"]
    assert clusters["id"].to_list() == ["007", "8", "9", "10"]
    anna, _, bob, carla = clusters["cluster_id"]
    assert clusters["cluster_id"].to_list() == [anna, anna, bob, carla]
    assert len({anna, bob, carla}) == 3
    figures = json.loads(done.stdout)
    assert figures["records"] == 4
    assert {"pairs", "largest_cluster", "expected_precision", "peak_memory_mb"} <= set(figures)
    assert figures["seconds"]["total"] > 0
    assert pl.read_csv(tmp_path / "links.csv").columns[:3] == ["id_1", "id_2", "probability"]


@pytest.mark.parametrize(
    ("rows", "mapping", "says"),
    [
        (ROWS, MAPPING.replace("name:", "nome:"), "Did you mean 'name'"),
        (ROWS, MAPPING.replace("[born]", "[birn]"), "Did you mean 'born'"),
        (ROWS, MAPPING.replace("id: key", "id: kee"), "Did you mean 'key'"),
        (ROWS, "roles: {name: [who]}", "names no id column"),
        (ROWS, "id: key", "gives no column a role"),
        (ROWS, "id: [", "not valid YAML"),
        (ROWS, MAPPING.replace("[who]", "[key]"), "has a role too"),
    ],
)
def test_a_wrong_mapping_is_bad_usage(tmp_path: Path, rows: str, mapping: str, says: str) -> None:
    done = resolve(tmp_path, rows, mapping)
    assert isinstance(done.exception, UsageError)
    assert says in str(done.exception)
    assert not (tmp_path / "c.parquet").exists()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ROWS + "9,Bob Jones,1975-01-30,\n", "not unique"),
        (ROWS + ",Bob Jones,1975-01-30,\n", "have no id"),
        ("key,who,born,mail\n", "no records"),
        ("", "empty"),
    ],
)
def test_a_table_that_cannot_be_resolved_is_an_error(tmp_path: Path, rows: str, says: str) -> None:
    done = resolve(tmp_path, rows)
    assert isinstance(done.exception, AlluviumError)
    assert not isinstance(done.exception, UsageError)
    assert says in str(done.exception)


def test_a_missing_input_and_a_wrong_output_are_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    mapping = ["--columns", str(tmp_path / "mapping.yml")]
    for files in (
        ["--input", "nowhere.csv", "--output", "c.parquet"],
        ["--input", "x.csv", "--output", "c.xlsx"],
    ):
        done = CliRunner().invoke(app, ["resolve", *files, *mapping])
        assert isinstance(done.exception, UsageError)


@pytest.mark.parametrize(
    ("encoding", "separator"), [("cp1252", ";"), ("utf-8-sig", "\t"), ("utf-16", ","), ("utf-8", "|")]
)
def test_a_file_is_read_whatever_program_wrote_it(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = ["id,name,town", "1,José Álvarez,Málaga", "2,Jose Alvarez,Malaga", "3,Ann Lee,Rome",
            '4,Bob 6" Jones,Köln', "5,Eva Kern,Bonn", "6,Tom Rau,Graz"]  # fmt: skip
    (tmp_path / "r.csv").write_bytes("\r\n".join(rows).replace(",", separator).encode(encoding))
    (tmp_path / "m.yml").write_text("id: id\nroles: {name: [name], place: [town]}")
    files = ["--input", tmp_path / "r.csv", "--columns", tmp_path / "m.yml", "--output", tmp_path / "c.csv"]
    done = CliRunner().invoke(app, ["resolve", *map(str, files), "--json"])
    assert done.exit_code == 0, done.exception
    assert json.loads(done.stdout)["encoding"] == encoding
    found = dict(pl.read_csv(tmp_path / "c.csv").iter_rows())
    assert found[1] == found[2]
    assert len(set(found.values())) == 5


def test_a_row_with_too_many_fields_is_named_and_none_is_dropped(tmp_path: Path) -> None:
    done = resolve(tmp_path, ROWS + "11,Smith, Anna,1980-04-12,anna@example.com\n")
    assert isinstance(done.exception, AlluviumError)
    assert "5 fields" in str(done.exception)
    assert "line 6" in str(done.exception)
