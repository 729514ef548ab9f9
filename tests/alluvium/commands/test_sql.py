"""`alluvium sql`: where a query comes from and in which form it goes out."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium.commands.sql import app
from alluvium.errors import UsageError

QUERY = "-- A comment comes first.\nselect customer_id from gold.customers order by 1"


@pytest.fixture(autouse=True)
def lake(settings):
    path = settings.lake / "gold" / "customers"
    path.parent.mkdir(parents=True)
    write_deltalake(str(path), pa.table({"customer_id": ["C1", "C2"]}))


def asked(*arguments: str, said: str | None = None) -> str:
    return CliRunner().invoke(app, list(arguments), input=said, catch_exceptions=False).stdout


def test_a_query_comes_from_a_file_or_from_the_standard_input(tmp_path):
    file = tmp_path / "customers.sql"
    file.write_text(QUERY, encoding="utf-8")
    rows = [{"customer_id": "C1"}, {"customer_id": "C2"}]
    assert json.loads(asked(str(file), "--json")) == rows
    assert json.loads(asked("-", "--json", said=QUERY)) == rows
    with pytest.raises(UsageError, match="There is no such file"):
        asked("missing.sql")


def test_the_answer_goes_out_as_csv_and_parquet(tmp_path):
    query = QUERY.splitlines()[1]
    asked(query, "--output", "csv", "--file", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").split() == ['"customer_id"', '"C1"', '"C2"']
    asked("select ['a', 'b'] as l, null::int[] as n", "--output", "csv", "--file", str(tmp_path / "l.csv"))
    assert (tmp_path / "l.csv").read_text(encoding="utf-8") == '"l","n"\n"[""a"", ""b""]",\n'
    asked(query, "--output", "parquet", "--file", str(tmp_path / "a.parquet"))
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"customer_id": ["C1", "C2"]}
