"""A frozen model decides as the run that made it."""

from __future__ import annotations

import json

from spark_jobs.identity import synthetic
from spark_jobs.identity.engine import frozen
from spark_jobs.identity.engine.known import Memory
from spark_jobs.identity.engine.run import resolve
from tests.spark_jobs.identity.engine.test_run import PEOPLE, partition


def test_a_frozen_model_finds_the_same_pairs_and_nearly_the_same_clusters() -> None:
    rows = synthetic.records(2000, seed=12)
    ids, columns = rows["record_id"], rows.select(PEOPLE.columns)
    once = resolve(ids, columns, PEOPLE)
    model = frozen.freeze(once, PEOPLE)
    records = model.records(ids, columns)
    again = frozen.blocking.again(records.attributes, records.nearness, model.memory.heat)
    assert again.codes.tolist() == once.candidates.codes.tolist()
    clusters, expected = frozen.resolve(ids, columns, model)
    one, other = partition(once.clusters(ids)), partition(clusters)
    assert len(one ^ other) <= 0.005 * len(one)  # the number of clusters is now a fixed one
    assert abs(expected - once.expected_precision) < 0.005


def test_a_memory_is_the_same_after_it_was_written_down() -> None:
    rows = synthetic.records(500, seed=13)
    model = frozen.freeze(resolve(rows["record_id"], rows.select(PEOPLE.columns), PEOPLE), PEOPLE)
    text = json.dumps(model.memory.as_dict())
    assert json.dumps(Memory.from_dict(json.loads(text)).as_dict()) == text
    assert not [name for name in rows["last_name"].drop_nulls() if f'"{name}"' in text]
