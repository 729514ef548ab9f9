from __future__ import annotations

import json
from datetime import date
from hashlib import sha256

import polars as pl

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import ledger
from alluvium.settings import Settings
from spark_jobs.publish import deliver, drafts, recommendation_files

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
    assert recommendation_files.draft(ROWS, tmp_path, RUN_DATE) == 2
    assert recommendation_files.deliver(tmp_path, RUN_DATE) is not None
    folder = tmp_path / "2017-11-01" / "recommendations"
    lines = [json.loads(line) for line in (folder / "recommendations.jsonl").read_text().splitlines()]
    assert [line["customer_id"] for line in lines] == ["c", "d"]
    assert lines[0]["run_date"] == "2017-11-01"
    lists = {shown["placement"]: [p["product_id"] for p in shown["products"]] for shown in lines[0]["lists"]}
    assert lists == {"cart": ["r"], "home": ["p", "q"]}
    assert pl.read_parquet(folder / "recommendations.parquet").height == 4


def test_the_same_lists_in_another_order_give_the_same_bytes(tmp_path):
    recommendation_files.draft(ROWS, tmp_path / "one", RUN_DATE)
    recommendation_files.draft(ROWS.reverse(), tmp_path / "other", RUN_DATE)
    files = [
        sorted(path for path in (tmp_path / name).rglob("*.*") if path.is_file()) for name in ("one", "other")
    ]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert len(files[0]) == 3


def test_lists_wait_as_drafts_until_they_are_delivered_and_a_half_written_draft_never_is(tmp_path):
    recommendation_files.draft(ROWS, tmp_path, RUN_DATE)
    assert not (tmp_path / str(RUN_DATE)).exists()
    final = recommendation_files.deliver(tmp_path, RUN_DATE)
    listed = json.loads((final / "manifest.json").read_text())["files"]
    for file in listed:
        assert sha256((final / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    recommendation_files.draft(ROWS.head(1), tmp_path, RUN_DATE)
    (tmp_path / ".recommendations" / str(RUN_DATE) / "manifest.json").unlink()
    assert recommendation_files.deliver(tmp_path, RUN_DATE) == final
    assert pl.read_parquet(final / "recommendations.parquet").height == 4


def test_a_night_without_files_has_nothing_to_deliver(tmp_path):
    assert recommendation_files.deliver(tmp_path, RUN_DATE) is None


def test_lists_go_out_with_the_audiences_behind_the_gate(tmp_path):
    settings = Settings(home=tmp_path, exports_s3_bucket=None)
    for table in (catalog.PUBLISHED_AUDIENCE_MEMBERS, catalog.PUBLISHED_AUDIENCE_DRAFTS):
        ledger.create(table, settings)
    recommendation_files.draft(ROWS, settings.exports, RUN_DATE)
    drafts.complete(drafts.start(settings, RUN_DATE))
    final = settings.exports / str(RUN_DATE) / "recommendations"
    assert not final.exists()
    for _ in range(2):
        deliver.run(None, JobConfig(RUN_DATE, settings))
        assert pl.read_parquet(final / "recommendations.parquet").height == 4
