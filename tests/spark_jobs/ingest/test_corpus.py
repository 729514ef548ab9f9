"""Two hundred malformed files in one load per format: no row lost, none invented, no night ended."""

from __future__ import annotations

from collections import Counter

import pytest

from alluvium.tables.ingest import PII_QUARANTINE
from tests.spark_jobs.ingest.corpus import FILES

ROWS = """
description: What a till sent, one row per id.
files: {{format: {format}}}
max_bad_share: 1
columns:
  id:      {{type: bigint, required: true}}
  text:    {{type: string}}
  amount:  {{type: "decimal(12,2)"}}
  ratio:   {{type: double}}
  sold_at: {{type: timestamp, time_zone: America/New_York}}
  kind:    {{type: string, allowed: [a, b, ""]}}
key: [id]
checks:
  negative_amount: amount >= 0
  sold_in_future: sold_at < run_date_end
"""


def test_there_are_two_hundred_of_them():
    assert sum(len(files()) for files in FILES.values()) >= 200


@pytest.mark.parametrize("format_", FILES)
def test_every_row_is_accepted_or_kept_with_a_reason(make_source, format_):
    files = FILES[format_]()
    assert len({file.name for file in files}) == len(files)
    source = make_source(f"corpus_{format_}", ROWS.format(format=format_))
    for file in files:
        source.land(1, file.content, file.name)
    source.load(1)

    accepted = Counter(name for (name,) in source.rows(source.bronze, "_source_file"))
    kept = source.rows(PII_QUARANTINE, "source_file", "reasons")
    refused = Counter(name for name, _ in kept)
    became = {(file.name, accepted[file.name], refused[file.name]) for file in files}
    assert became - {(file.name, file.good, file.bad) for file in files} == set()
    assert all(reasons for _, reasons in kept)
    assert source.counts(1) == (accepted.total() + refused.total(), accepted.total(), refused.total(), 0)
