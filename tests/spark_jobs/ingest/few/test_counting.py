"""Few rows are counted as many are."""

from __future__ import annotations

import pyarrow as pa

from alluvium.contracts.contract import parse
from spark_jobs.ingest.few import counting, silver

CONTRACT = parse(
    """
description: Prices, one row per article.
files: {format: csv}
columns:
  article:    {type: int, required: true}
  changed_on: {type: date}
key: [article]
newest: [changed_on]
""",
    "shelf",
    "prices",
    "prices.yml",
)


def judged(*rows: tuple[str, int, str, int | None, list[str]]) -> pa.Table:
    names = ("_source_file", "_row_number", "_row_hash", "article", "_reasons")
    kinds = (pa.string(), pa.int64(), pa.string(), pa.int32(), pa.list_(pa.string()))
    columns = list(zip(*rows, strict=True))
    return pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})


def test_copies_conflicts_bad_rows_and_erased_people_are_told_apart() -> None:
    rows = judged(
        ("b.csv", 1, "h1", 1, []),
        ("a.csv", 2, "h1", 1, []),  # A copy, and the first by file.
        ("a.csv", 1, "h2", 1, []),  # The same key with another payload.
        ("a.csv", 3, "h3", None, ["missing:article", "no"]),
        ("b.csv", 3, "h3", None, ["missing:article", "no"]),
        ("a.csv", 4, "h4", 4, ["erased"]),
        ("a.csv", 5, "h5", 5, []),
        ("a.csv", 6, "h6", 6, ["no_consent"]),
    )
    counts, once = counting.count(rows, CONTRACT)
    assert counts.as_row() == {
        "rows_read": 8,
        "rows_accepted": 3,
        "rows_quarantined": 3,
        "rows_suppressed": 2,
        "rows_duplicate": 2,
        "rows_conflicting": 2,
    }
    places = zip(*(once[name].to_pylist() for name in ("_row_hash", "_source_file")), strict=True)
    assert sorted(places) == [
        ("h1", "a.csv"), ("h2", "a.csv"), ("h3", "a.csv"), ("h4", "a.csv"), ("h5", "a.csv"),
        ("h6", "a.csv"),
    ]  # fmt: skip
    assert counting.count_reasons(rows) == {"missing:article": 2, "no": 2, "erased": 1, "no_consent": 1}


def test_nothing_is_counted_as_nothing() -> None:
    rows = judged(("a.csv", 1, "h1", 1, [])).slice(1)
    counts, once = counting.count(rows, CONTRACT)
    assert (counts.rows_read, counts.rows_conflicting, once.num_rows) == (0, 0, 0)


def test_of_one_key_the_highest_rank_wins_and_no_value_ranks_lowest() -> None:
    rows = pa.table(
        {
            "article": pa.array([1, 1, 2, 2, 2], pa.int32()),
            "changed_on": pa.array([None, 5, 7, 7, None], pa.int32()).cast(pa.date32()),
            "_run_date": pa.array([9, 1, 1, 1, 9], pa.int32()).cast(pa.date32()),
            "_row_hash": ["z", "a", "a", "b", "z"],
        }
    )
    best = silver.winners(rows, CONTRACT)
    assert dict(zip(best["article"].to_pylist(), best["_row_hash"].to_pylist(), strict=True)) == {
        1: "a",
        2: "b",
    }
