from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.common import cutoffs
from models.common.cutoffs import Split


def test_the_newest_cutoff_is_the_last_month_whose_outcome_is_over_on_the_run_date() -> None:
    assert cutoffs.monthly(date(2017, 10, 31), 30, 3) == [
        date(2017, 8, 1),
        date(2017, 9, 1),
        date(2017, 10, 1),
    ]
    # 2017-10-01 and 30 days end on the evening of the 30th; a day earlier that is not over.
    assert cutoffs.monthly(date(2017, 10, 29), 30, 1) == [date(2017, 9, 1)]
    assert cutoffs.monthly(date(2017, 10, 30), 30, 1) == [date(2017, 10, 1)]


def test_months_go_back_over_the_turn_of_the_year() -> None:
    assert cutoffs.monthly(date(2018, 1, 31), 30, 3) == [
        date(2017, 11, 1),
        date(2017, 12, 1),
        date(2018, 1, 1),
    ]


def test_what_is_held_out_lies_after_every_outcome_that_is_learned_from() -> None:
    months = [date(2017, month, 1) for month in range(4, 10)]
    assert cutoffs.split(months, 60) == Split(
        fitting=(date(2017, 4, 1), date(2017, 5, 1)),
        stopping=date(2017, 7, 1),
        known=(date(2017, 4, 1), date(2017, 5, 1), date(2017, 6, 1), date(2017, 7, 1)),
        evaluation=date(2017, 9, 1),
    )


def test_two_cutoffs_leave_none_to_stop_on_and_one_is_too_few() -> None:
    two = cutoffs.split([date(2017, 8, 1), date(2017, 9, 1)], 30)
    assert two is not None
    assert (two.fitting, two.stopping, two.known) == ((), None, (date(2017, 8, 1),))
    assert cutoffs.split([date(2017, 9, 1)], 30) is None
    assert cutoffs.split([date(2017, 8, 15), date(2017, 9, 1)], 30) is None


@given(
    run_date=st.dates(date(2010, 1, 1), date(2035, 1, 1)),
    horizon_days=st.integers(1, 120),
    count=st.integers(2, 14),
)
def test_no_split_lets_an_outcome_reach_into_what_comes_later(
    run_date: date, horizon_days: int, count: int
) -> None:
    days = cutoffs.monthly(run_date, horizon_days, count)
    assert len(set(days)) == count
    assert all(cutoffs.outcome_end(day, horizon_days) <= run_date + timedelta(days=1) for day in days)
    cut = cutoffs.split(days, horizon_days)
    if cut is None:
        return
    assert all(cutoffs.outcome_end(day, horizon_days) <= cut.evaluation for day in cut.known)
    if cut.stopping is not None:
        assert all(cutoffs.outcome_end(day, horizon_days) <= cut.stopping for day in cut.fitting)


def test_wanted_holds_the_cutoffs_of_both_models() -> None:
    wanted = cutoffs.wanted(date(2017, 10, 31))
    assert wanted == sorted(set(wanted))
    assert {date(2017, 4, 1), date(2017, 9, 1), date(2017, 10, 1)} <= set(wanted)
