"""What a whole night leaves behind in logs, plans, pages and commit files names nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.end_to_end.conftest import Demo

TALKATIVE = ("logs", "airflow", "dbt", "mlflow", "reports", "metastore", "tmp")
SHORTEST_TELLING = 8  # A town or a first name alone stands in many texts.


def personal_values(demo: Demo) -> list[bytes]:
    """E-mail addresses, phone numbers, full names and streets of everybody, as delivered and as golden."""
    people = demo.rows(
        "select email, phone, first_name || ' ' || last_name, street from pii.customers "
        "union select email, phone, first_name || ' ' || last_name, street from pii.crm_contacts"
    )
    values = {value.strip().lower() for person in people for value in person if value}
    return [value.encode() for value in values if len(value) >= SHORTEST_TELLING]


def written_by_the_night(demo: Demo) -> Iterator[Path]:
    """Every file that is not itself a place for personal data; of the tables, the commit files."""
    for folder in TALKATIVE:
        yield from (file for file in (demo.home / folder).rglob("*") if file.is_file())
    yield from demo.settings.lake.rglob("_delta_log/*.json")


def names_somebody(file: Path, values: list[bytes]) -> bool:
    text = file.read_bytes().lower()
    return any(value in text for value in values)


def test_nothing_that_a_night_writes_beside_its_tables_names_a_person(demo: Demo) -> None:
    values = personal_values(demo)
    assert len(values) > 300
    files = list(written_by_the_night(demo))
    assert len(files) > 100
    telling = [str(file.relative_to(demo.home)) for file in files if names_somebody(file, values)]
    assert telling == []
