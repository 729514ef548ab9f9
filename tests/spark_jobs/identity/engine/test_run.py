"""The engine as a whole: whatever the table, whatever the order of its rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from spark_jobs.identity import evaluate, synthetic
from spark_jobs.identity.engine.columns import Mapping
from spark_jobs.identity.engine.run import resolve

PEOPLE = Mapping(id="record_id", roles=synthetic.ROLES)


def clusters(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    ids = rows[mapping.id]
    return resolve(ids, rows.select(mapping.columns), mapping).clusters(ids)


def partition(found: pl.DataFrame) -> set[frozenset[object]]:
    return {frozenset(rows["id"]) for _, rows in found.group_by("cluster_id")}


def figures(found: pl.DataFrame, people: pl.Series) -> dict[str, float]:
    labelled = found.select(pl.col("cluster_id").alias("customer_id"), people.alias("person_id"))
    return {"pairwise": evaluate.pairwise(labelled)["f1"], "b_cubed": evaluate.b_cubed(labelled)["f1"]}


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return synthetic.records(3000, seed=11)


def test_people_are_found_without_labels_and_the_model_knows_how_sure_it_is(people: pl.DataFrame) -> None:
    found = resolve(people["record_id"], people.select(PEOPLE.columns), PEOPLE)
    decided = found.clusters(people["record_id"])
    scores = figures(decided, people["person_id"])
    assert scores["pairwise"] > 0.96
    assert scores["b_cubed"] > 0.98
    labelled = decided.select(pl.col("cluster_id").alias("customer_id"), people["person_id"])
    true_precision = evaluate.pairwise(labelled)["precision"]
    assert found.expected_precision == pytest.approx(true_precision, abs=0.03)


def test_neither_the_order_of_rows_nor_the_ids_matter(people: pl.DataFrame) -> None:
    people = people.head(1000)
    found = partition(clusters(people, PEOPLE))
    shuffled = people.sample(fraction=1.0, shuffle=True, seed=3)
    assert partition(clusters(shuffled, PEOPLE)) == found
    renamed = people.with_columns((1_000_000 - pl.col("record_id")).alias("record_id"))
    again = clusters(renamed, PEOPLE).with_columns((1_000_000 - pl.col("id")).alias("id"))
    assert partition(again) == found


def test_ten_and_more_records_of_a_person_come_together() -> None:
    noise = synthetic.Noise(extra=(0.0,) * 9 + (0.5, 0.5), missing=0.05, moved=0.05)
    rows = synthetic.records(2000, seed=5, noise=noise)
    scores = figures(clusters(rows, PEOPLE), rows["person_id"])
    assert scores["pairwise"] > 0.97


def test_copies_of_a_record_are_one() -> None:
    people = synthetic.records(300, seed=8, noise=synthetic.Noise(extra=(1.0,)))
    copies = pl.concat([people.with_columns(pl.col("record_id") + 1000 * copy) for copy in range(12)])
    told = copies.drop_nulls(["first_name", "last_name", "birth_date"])
    found = clusters(told, PEOPLE).join(told, left_on="id", right_on="record_id")
    assert found.group_by("person_id").agg(pl.col("cluster_id").n_unique())["cluster_id"].max() == 1


@pytest.mark.parametrize(
    "column", ["name", "address", "date", "place", "category", "email", "phone", "identifier"]
)
def test_one_column_alone_is_enough_to_run(column: str) -> None:
    values = [f"{word} {number}" for number in range(30) for word in ("anna", "berta")]
    rows = pl.DataFrame({"id": np.arange(60), "value": values})
    assert clusters(rows, Mapping(id="id", roles={column: ["value"]})).height == 60


def test_columns_without_any_value_and_tables_of_few_rows_are_no_trouble() -> None:
    rows = pl.DataFrame(
        {
            "id": ["a", "b", "c"],
            "name": ["Anna Smith", "Anna Smith", None],
            "born": pl.Series([None, None, None], dtype=pl.String),
            "mail": ["", " ", "n/a"],
        }
    )
    mapping = Mapping(id="id", roles={"name": ["name"], "date": ["born"], "email": ["mail"]})
    for height in (1, 2, 3):
        found = clusters(rows.head(height), mapping)
        assert found["id"].to_list() == rows["id"].to_list()[:height]


def test_a_record_that_says_nothing_matches_nothing(people: pl.DataFrame) -> None:
    silent = people.head(40).with_columns(
        pl.col("record_id") + 100_000, *(pl.lit(None, pl.String).alias(column) for column in PEOPLE.columns)
    )
    found = clusters(pl.concat([people, silent]), PEOPLE)
    sizes = found.with_columns(pl.len().over("cluster_id").alias("size"))
    assert sizes.filter(pl.col("id") >= 100_000)["size"].max() == 1


def test_names_in_other_scripts_are_compared_too() -> None:
    words = ["Мария", "Иван", "Ольга", "Пётр", "Анна", "Борис", "Елена", "Юрий"]
    lasts = ["Кузнецова", "Соколов", "Лебедева", "Морозов", "Волкова", "Фёдоров", "Жукова", "Орлов"]
    names = [f"{first} {last}" for first in words for last in lasts]
    born = [f"19{50 + at % 45}-{1 + at % 12:02}-{1 + at % 27:02}" for at in range(len(names))]
    twice = [*names, *(name.upper().replace("Ё", "Е") for name in names)]
    rows = pl.DataFrame({"id": np.arange(128), "name": twice, "born": [*born, *born]})
    found = clusters(rows, Mapping(id="id", roles={"name": ["name"], "date": ["born"]}))
    assert partition(found) == {frozenset({at, at + 64}) for at in range(64)}
