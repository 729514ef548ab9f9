"""Two records field by field for people to judge, with recordlinkage's comparators as a second opinion."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import recordlinkage

FIELDS = ("title", "first_name", "last_name", "email", "phone", "birth_date", "street", "city", "state",
          "postal_code")  # fmt: skip
METHODS = {"first_name": "jarowinkler", "last_name": "jarowinkler", "email": "levenshtein",
           "phone": "levenshtein", "birth_date": "damerau_levenshtein", "street": "jarowinkler",
           "city": "jarowinkler", "postal_code": "levenshtein"}  # fmt: skip


def _likeness(texts: pd.DataFrame) -> dict[str, float]:
    """0 to 1 by field; a value that one side does not tell has none."""
    comparer = recordlinkage.Compare()
    for field, method in METHODS.items():
        comparer.string(field, field, method=method, label=field, missing_value=float("nan"))
    pair = pd.MultiIndex.from_tuples([tuple(texts.index)])
    row = comparer.compute(pair, texts).iloc[0]
    return {field: round(float(value), 3) for field, value in row.items() if value == value}


def compared(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """One entry per field: field, left, right, likeness (None where it is not compared).

    `rows` are two records of pii.identity_records.
    """
    ordered = rows.sort("record_key")
    shown = ("source", "record_kind", *FIELDS)
    texts = ordered.select("record_key", *(pl.col(field).cast(pl.String) for field in shown))
    frame = pd.DataFrame(texts.to_dict(as_series=False)).set_index("record_key").astype("object")
    likeness = _likeness(frame[list(FIELDS)])
    return [
        {"field": field, "left": texts[field][0], "right": texts[field][1], "likeness": likeness.get(field)}
        for field in shown
    ]
