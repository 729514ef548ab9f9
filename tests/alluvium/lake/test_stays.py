"""The instants of a membership history."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from alluvium.errors import AlluviumError
from alluvium.lake.stays import night_at, refuse_backwards


def test_a_night_stands_at_midnight_of_its_run_date():
    assert night_at(date(2017, 11, 1)) == datetime(2017, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("last", [None, date(2017, 10, 31), date(2017, 11, 1)])
def test_a_later_or_the_same_night_may_be_decided(last):
    refuse_backwards(date(2017, 11, 1), last, "Segments")


def test_an_earlier_night_is_refused():
    with pytest.raises(AlluviumError, match="2017-11-02"):
        refuse_backwards(date(2017, 11, 1), date(2017, 11, 2), "Segments")
