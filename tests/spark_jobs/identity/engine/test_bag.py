"""Words of two records, aligned."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from spark_jobs.identity.engine import bag
from spark_jobs.identity.engine.align import aligned

# So many records that a word on one of them has ten bits.
FILLED = [f"filler{at}" for at in range(1022)]
NO_ALIASES = np.empty(0, np.uint64)


def agreed_and_apart(one: str, other: str, name: str = "name") -> tuple[float, float]:
    words = bag.build(name, 1, [pl.Series([one, other, *FILLED])])
    agreed, apart = aligned(words.words[:, [0]], words.words[:, [1]], words.vocabulary, NO_ALIASES)
    return round(float(agreed[0]), 2), round(float(apart[0]), 2)


@pytest.mark.parametrize(
    ("one", "other", "agreed"),
    [
        ("anna", "anna", 9.0),
        ("anna bell", "bell anna", 18.0),
        ("philips", "phillips", 0.85 * 10),
        ("philips", "phlipis", 0.0),
        ("alexander", "alex", 0.45 * 10),
        ("anna", "berta", 0.0),
    ],
    ids=["same", "swapped", "one edit", "two edits", "beginning", "different"],
)
def test_words_agree_by_their_rarity_and_likeness(one: str, other: str, agreed: float) -> None:
    assert agreed_and_apart(one, other)[0] == pytest.approx(agreed, abs=0.01)


def test_what_only_one_side_says_counts_less_than_a_contradiction() -> None:
    assert agreed_and_apart("anna bell", "anna")[1] == pytest.approx(0.3 * 10, abs=0.01)
    assert agreed_and_apart("anna bell", "anna cord")[1] == pytest.approx(2 * 10, abs=0.01)


def test_a_number_may_be_mistyped_in_an_address_but_is_a_code_in_a_name() -> None:
    assert agreed_and_apart("drill 10024", "drill 10025", "address")[0] > 9.0
    assert agreed_and_apart("drill 10024", "drill 10025", "name")[0] == pytest.approx(9.0, abs=0.01)


def test_a_name_on_three_of_five_records_is_no_common_name_but_a_category_is() -> None:
    column = [pl.Series(["anna bell", "anna bell", "anna", "otto", "emil"])]
    assert bag.build("name", 1, column).vocabulary.bits.min() > 6
    assert bag.build("name", 1, [pl.Series(["sony"] * 60)]).vocabulary.bits.max() < 1
    assert bag.build("sex", 1, column, is_category=True).vocabulary.bits.min() < 1
