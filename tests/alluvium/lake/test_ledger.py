from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from deltalake import DeltaTable

from alluvium.lake import ledger
from alluvium.settings import Settings
from alluvium.table import Table

LEDGER = Table(
    "ops", "things", "One row per thing.", ("thing",), {"thing": ("string", "It"), "size": ("bigint", "n")}
)


def test_an_empty_ledger_has_its_columns(settings: Settings) -> None:
    assert ledger.read(LEDGER, settings).column_names == ["thing", "size"]


def test_replacing_touches_only_what_the_predicate_names(settings: Settings) -> None:
    ledger.append(LEDGER, [{"thing": "a", "size": 1}, {"thing": "b", "size": 2}], settings)
    ledger.replace(LEDGER, [{"thing": "a", "size": 9}], "thing = 'a'", settings)
    rows = ledger.read(LEDGER, settings).sort_by("thing").to_pylist()
    assert rows == [{"thing": "a", "size": 9}, {"thing": "b", "size": 2}]


def test_writers_at_the_same_time_lose_nothing(settings: Settings) -> None:
    ledger.append(LEDGER, [{"thing": "first"}], settings)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: ledger.append(LEDGER, [{"thing": str(n)}], settings), range(12)))
    assert ledger.read(LEDGER, settings).num_rows == 13


def test_many_small_files_are_put_together_and_no_row_changes(settings: Settings) -> None:
    for number in range(3):
        ledger.append(LEDGER, [{"thing": str(number), "size": number}], settings)
    before = ledger.read(LEDGER, settings).sort_by("thing")
    assert [ledger.compact(LEDGER, 3, settings) for _ in range(2)] == [True, False]
    assert ledger.read(LEDGER, settings).sort_by("thing") == before
    assert len(DeltaTable(str(settings.lake / "ops" / "things")).file_uris()) == 1


def test_a_ledger_of_an_earlier_release_gets_its_new_columns(settings: Settings) -> None:
    columns = {"thing": ("string", "An older comment")}
    older = Table(LEDGER.schema, LEDGER.name, LEDGER.comment, LEDGER.key, columns)
    ledger.append(older, [{"thing": "old"}], settings)
    ledger.append(LEDGER, [{"thing": "new", "size": 3}], settings)
    ledger.replace(LEDGER, [{"thing": "new", "size": 4}], "thing = 'new'", settings)
    rows = ledger.read(LEDGER, settings).to_pylist()
    assert {row["thing"]: row["size"] for row in rows} == {"old": None, "new": 4}


def test_a_ledger_that_is_not_there_needs_no_compaction(settings: Settings) -> None:
    assert ledger.compact(LEDGER, 1, settings) is False


def test_what_was_just_replaced_is_kept(settings: Settings) -> None:
    for number in range(3):
        ledger.append(LEDGER, [{"thing": str(number)}], settings)
    ledger.compact(LEDGER, 3, settings)
    assert ledger.vacuum(LEDGER, 7, settings) is False
    assert DeltaTable(str(settings.lake / "ops" / "things"), version=2).to_pyarrow_table().num_rows == 3
