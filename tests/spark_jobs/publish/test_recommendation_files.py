from __future__ import annotations

import json
from datetime import date

import polars as pl

from spark_jobs.publish import recommendation_files

RUN_DATE = date(2017, 11, 1)
ROWS = pl.DataFrame(
    {
        "customer_id": ["d", "c", "c", "c"],
        "placement": ["home", "home", "home", "cart"],
        "rank": [1, 2, 1, 1],
        "product_id": ["p", "q", "p", "r"],
        "score": [0.1, 0.2, 0.3, 0.4],
        "reason_code": ["popular"] * 4,
        "reason_text": ["Popular near you"] * 4,
        "run_date": [RUN_DATE] * 4,
    }
)


def test_each_customer_is_one_line_with_its_lists_best_first(tmp_path):
    assert recommendation_files.write(ROWS, tmp_path, RUN_DATE) == 2
    folder = tmp_path / "2017-11-01" / "recommendations"
    lines = [json.loads(line) for line in (folder / "recommendations.jsonl").read_text().splitlines()]
    assert [line["customer_id"] for line in lines] == ["c", "d"]
    assert lines[0]["run_date"] == "2017-11-01"
    lists = {shown["placement"]: [p["product_id"] for p in shown["products"]] for shown in lines[0]["lists"]}
    assert lists == {"cart": ["r"], "home": ["p", "q"]}
    assert pl.read_parquet(folder / "recommendations.parquet").height == 4


def test_the_same_lists_in_another_order_give_the_same_bytes(tmp_path):
    recommendation_files.write(ROWS, tmp_path / "one", RUN_DATE)
    recommendation_files.write(ROWS.reverse(), tmp_path / "other", RUN_DATE)
    files = [
        sorted(path for path in (tmp_path / name).rglob("*.*") if path.is_file()) for name in ("one", "other")
    ]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert len(files[0]) == 2
