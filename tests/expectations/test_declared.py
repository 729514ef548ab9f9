import duckdb
import pytest

from expectations import declared

MART = """
version: 2
models:
  - name: visits
    data_tests:
      - is_sound:
          name: visits_is_sound
          arguments:
            key: [visitor, day]
            condition: >
              pages >= 1
"""


@pytest.fixture
def asked(tmp_path):
    """Asks the declared query of a mart with these rows."""
    (tmp_path / "activity").mkdir()
    (tmp_path / "activity" / "visits.yml").write_text(MART)
    query = declared.queries(tmp_path)["gold.visits"]

    def ask(*rows: str) -> int:
        with duckdb.connect() as opened:
            opened.execute("CREATE SCHEMA gold")
            values = ", ".join(rows)
            opened.execute(
                f"CREATE VIEW gold.visits AS SELECT * FROM (VALUES {values}) AS t (visitor, day, pages)"
            )
            return opened.execute(query).fetchone()[0]

    return ask


def test_rows_that_keep_what_is_declared_are_sound(asked):
    assert asked("('a', 1, 1)", "('a', 2, 3)", "('b', 1, 1)") == 0


@pytest.mark.parametrize(
    "row",
    ["('a', 1, 5)", "('b', 1, 0)", "('b', 1, null)", "(null, 1, 1)"],
    ids=["twice", "untrue", "unknown", "no key"],
)
def test_a_row_that_breaks_it_is_counted(asked, row):
    assert asked("('a', 1, 1)", row) == 1


def test_every_mart_declares_what_is_sound():
    marts = {file.stem for file in declared.MARTS.rglob("*.sql")}
    said = {table.split(".")[1] for table in declared.queries()}
    assert {name.removeprefix("pii_") for name in marts} == said
