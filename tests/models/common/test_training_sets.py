from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from alluvium.errors import AlluviumError
from models.common.training_sets import TrainingSet, refuse_the_future

CUTOFF, RUN_DATE = date(2025, 9, 1), date(2025, 9, 30)


def _frame(**columns: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"customer_id": ["C1"], "as_of_date": [CUTOFF], **{k: [v] for k, v in columns.items()}}
    )


def test_what_lies_before_the_cutoff_passes() -> None:
    refuse_the_future(_frame(last_ordered_on=date(2025, 8, 31), days_since_last_order=1), 30, RUN_DATE)


@pytest.mark.parametrize(
    ("column", "value"),
    [("last_ordered_on", CUTOFF), ("days_since_last_order", -1), ("last_ordered_on", date(2025, 9, 20))],
)
def test_a_row_that_saw_what_it_should_predict_is_refused_by_the_name_of_the_column(
    column: str, value: object
) -> None:
    with pytest.raises(AlluviumError, match=f"1 rows know something from after.*{column}"):
        refuse_the_future(_frame(**{column: value}), 30, RUN_DATE)


def test_an_outcome_that_is_not_over_is_refused() -> None:
    with pytest.raises(AlluviumError, match="over 31 days is not over on 2025-09-30"):
        refuse_the_future(_frame(), 31, RUN_DATE)


def test_the_fingerprint_changes_with_a_row_and_with_a_parameter_and_with_nothing_else() -> None:
    data, other = (TrainingSet(_frame(orders_90d=n), ("orders_90d",), {"gold.orders": 1}) for n in (1.0, 2.0))
    assert data.fingerprint("eta 0.1") == TrainingSet(data.frame.clone(), (), {}).fingerprint("eta 0.1")
    assert len({data.fingerprint("eta 0.1"), other.fingerprint("eta 0.1"), data.fingerprint("eta 0.2")}) == 3
