from __future__ import annotations

import polars as pl
import pytest

from spark_jobs.publish.reason_texts import reason_text

SAID = [
    (("bought_regularly", None, 1), "You buy this almost every day"),
    (("bought_regularly", None, 9), "You buy this about every 9 days"),
    (("bought_regularly", None, 20), "You buy this about every 3 weeks"),
    (("goes_with", "Milk", None), "Another kind of Milk, which you buy"),
    (("goes_with", "Bread", None), "Goes with Bread, which you buy"),
    (("no_consent", None, None), "Popular with our customers"),
]


@pytest.mark.parametrize(("facts", "words"), SAID)
def test_a_reason_is_said_in_words(facts: tuple[str, str | None, int | None], words: str) -> None:
    schema = {"code": pl.String, "evidence": pl.String, "days": pl.Int32}
    frame = pl.DataFrame([facts], schema=schema, orient="row").with_columns(name=pl.lit("Milk"))
    said = frame.select(reason_text(*(pl.col(name) for name in ("code", "name", "evidence", "days"))))
    assert said.item() == words
