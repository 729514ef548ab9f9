"""Splink 5 on DuckDB over the same records: the yardstick of `alluvium bench identity`.

Set up as its documentation advises for people: name, date of birth, e-mail and postcode comparisons with term
frequencies, u by random sampling, m by EM from three trainings. Needs the dependency group `bench`.
"""

from __future__ import annotations

import logging
from typing import Any

import polars as pl

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)


def _settings(columns: dict[str, str]) -> Any:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    makers = {
        "name": lambda c: cl.JaroWinklerAtThresholds(c, [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        "date": lambda c: cl.DamerauLevenshteinAtThresholds(c, [1, 2]),
        "text": lambda c: cl.JaroWinklerAtThresholds(c, [0.9]).configure(term_frequency_adjustments=True),
        "email": lambda c: cl.LevenshteinAtThresholds(c, [1, 2]),
        "exact": lambda c: cl.ExactMatch(c),
    }
    names = [column for column, kind in columns.items() if kind == "name"]
    dates = [column for column, kind in columns.items() if kind == "date"]
    contact = [column for column, kind in columns.items() if kind == "email"]
    streets = [column for column, kind in columns.items() if kind == "text"]
    rules: list[Any] = [
        *(block_on(name, date) for name in names for date in dates),
        block_on(*names),
        *(block_on(column) for column in contact),
        *(block_on(name, street) for name in names for street in streets[:1]),
        *(block_on(date, street) for date in dates for street in streets),
        *(block_on(*(f"substr({name}, 1, 3)" for name in names), f"substr({date}, 1, 4)") for date in dates),
    ]
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[makers[kind](column) for column, kind in columns.items()],
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
    )


def clusters(records: pl.DataFrame, columns: dict[str, str]) -> dict[float, pl.DataFrame]:
    """Clusters at each of THRESHOLDS: unique_id, cluster_id.

    `records` has unique_id and the columns; `columns` says of each whether it is a name, a date, a text, an
    email or exact.
    """
    from splink import DuckDBAPI, Linker, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    database = DuckDBAPI()
    table = database.register(records.to_arrow())
    linker = Linker(table, _settings(columns), log_level=logging.ERROR)
    names = [column for column, kind in columns.items() if kind == "name"]
    dates = [column for column, kind in columns.items() if kind == "date"]
    linker.training.estimate_probability_two_random_records_match([block_on(*names, *dates)], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on(*names), *(block_on(date) for date in dates)):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=0.2)
    found = {}
    for threshold in THRESHOLDS:
        at = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold)
        rows = pl.DataFrame(pl.from_arrow(at.as_pyarrow_table()))
        found[threshold] = rows.select("unique_id", "cluster_id")
    return found
