"""Types and reasons, row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime

from alluvium.contracts import contract
from spark_jobs.ingest.judging import Judgement, judge
from spark_jobs.ingest.recipe import recipe_of

READINGS = contract.parse(
    """
description: Readings, one row per reading.
files: {format: json}
columns:
  id:     {type: int, required: true}
  taken:  {type: timestamp, time_zone: Europe/Berlin}
  on_day: {type: date}
  value:  {type: "decimal(6,2)"}
  level:  {type: double}
  flags:  {type: "map<string,boolean>"}
  parts:  {type: "array<struct<n:int,p:decimal(6,2)>>"}
  code:   {type: string, pattern: "^[A-Z]{2}$"}
key: [id]
event_time: taken
checks:
  taken_in_future: taken < run_date_end
  no_parts: size(parts) > 0
""",
    "lab",
    "readings",
    "readings.yml",
)
BY = Judgement(date(2018, 3, 25), datetime(2018, 3, 25, 22, tzinfo=UTC))


def judged(spark, tmp_path, *rows: dict[str, str]) -> list[tuple[list[str], dict]]:
    recipe = recipe_of(READINGS, tmp_path / "record.key")
    texts = [tuple(row.get(name) for name in recipe.schema.names) for row in rows]
    found = judge(spark.createDataFrame(texts, recipe.ddl), READINGS, BY).orderBy("_raw", "id").collect()
    return [(row["_reasons"], row.asDict()) for row in found]


def test_texts_become_values_and_every_reason_is_named(spark, tmp_path):
    good, summer, wrong, blank, broken = judged(
        spark,
        tmp_path,
        {
            "id": " 1 ",
            "taken": "2018-03-25 03:30:00",
            "on_day": "2018-03-25",
            "value": "12.780000000000001",
            "level": "-0.0",
            "flags": '{"a":true}',
            "parts": '[{"n":1,"p":2.5}]',
            "code": "DE",
        },
        {"id": "2", "taken": "2018-03-25 02:30:00", "_raw": "a"},
        {
            "id": "1e400",
            "taken": "12:30",
            "on_day": "2018-02-30",
            "value": "1.999",
            "level": "NaN",
            "flags": '{"a":7}',
            "parts": '[{"n":"x"}]',
            "code": "de",
            "_raw": "b",
        },
        {"id": " ", "taken": "2018-03-26T00:00:00+02:00", "parts": "[]", "_raw": "c"},
        {"_problem": "malformed_row", "_raw": "d"},
    )
    assert good[0] == []
    assert good[1]["taken"] == datetime(2018, 3, 25, 1, 30)
    assert (str(good[1]["value"]), good[1]["flags"]) == ("12.78", {"a": True})
    assert [tuple(map(str, part)) for part in good[1]["parts"]] == [("1", "2.50")]
    assert summer[0] == ["no_such_time:taken"]
    wrong_types = [
        f"wrong_type:{name}" for name in ("id", "taken", "on_day", "value", "level", "flags", "parts")
    ]
    assert wrong[0] == [*wrong_types, "not_allowed:code"]
    assert blank[0] == ["missing:id", "taken_in_future", "no_parts"]
    assert broken[0] == ["malformed_row"]
