"""The page of a gate: what was seen, and nobody called."""

from __future__ import annotations

from datetime import date

from expectations import bronze, data_docs
from expectations.judge import judge

DAY = date(2017, 11, 1)


def test_a_page_tells_the_figures_and_refers_to_no_other_host(settings):
    figures = {
        "bronze.good": {"rows_unaccounted": 0.0, "quarantined_share": 0.01},
        "bronze.bad": {"rows_unaccounted": 17.0},
    }
    judge(bronze.SUITE, figures, DAY, settings)
    page = data_docs.place(settings, DAY, "bronze").read_text()
    assert "rows_unaccounted" in page
    assert "bronze.bad" in page
    assert 'src="http' not in page
    assert "newsletter" not in page
    assert "<link" not in page
