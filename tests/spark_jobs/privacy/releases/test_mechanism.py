"""No customer can be told from the figures: bounded by proof on random data, audited by runs on neighbours.

The audit compares how often an event happens with and without one heavy customer; the logarithm of the ratio
is what epsilon promises to bound (Ding, Wang, Wang, Zhang and Kifer 2018).
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.privacy.releases import mechanism
from spark_jobs.privacy.releases.definition import Breakdown

BREAKDOWN = Breakdown(
    description="d", unit="orders", rows="", groups=("a", "b", "c"), most_groups=2, most_value=3, epsilon=1.0
)
ROW = st.tuples(st.sampled_from("abcx"), st.integers(-5, 1000))
PEOPLE = st.dictionaries(st.text("pqrs", min_size=1, max_size=3), st.lists(ROW, max_size=8), max_size=6)


def table(people):
    rows = [(who, group, value) for who, rows in people.items() for group, value in rows]
    names = ("customer_id", "group_name", "value")
    kinds = (pa.string(), pa.string(), pa.int64())
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})


@settings(max_examples=30, deadline=None)
@given(PEOPLE, st.lists(ROW, max_size=12))
def test_one_more_customer_changes_all_figures_by_no_more_than_the_sensitivity(people, rows):
    without = mechanism.bounded_sums(table(people), BREAKDOWN)
    with_one = mechanism.bounded_sums(table(people | {"one more": rows}), BREAKDOWN)
    assert sum(abs(with_one[group] - without[group]) for group in without) <= BREAKDOWN.sensitivity


def test_groups_are_those_of_the_definition_whoever_is_in_them():
    assert mechanism.bounded_sums(table({}), BREAKDOWN) == {"a": 0, "b": 0, "c": 0}
    assert mechanism.bounded_sums(table({"p": [("x", 1), ("a", 2)]}), BREAKDOWN) == {"a": 2, "b": 0, "c": 0}


def test_what_opendp_proves_is_what_the_definition_says():
    assert mechanism.cost(BREAKDOWN) == pytest.approx(BREAKDOWN.epsilon)
    assert BREAKDOWN.sensitivity == 6


def draws(sums, breakdown, count):
    """Many releases of the first group, through the release's own mechanism."""
    copies = breakdown.model_copy(update={"groups": tuple(map(str, range(20_000)))})
    found = []
    while len(found) < count:
        # Noise is drawn for each figure on its own: one long list is many releases of one figure.
        found += mechanism._laplace(breakdown.scale)([sums["a"]] * len(copies.groups))
    return found[:count]


def empirical_epsilon(first, second):
    """The largest log ratio of how often the figure is at most t, over events that are not rare."""
    count, worst = len(first), 0.0
    below = [
        np.cumsum([c[t] for t in range(min(first + second), max(first + second) + 1)])
        for c in (Counter(first), Counter(second))
    ]
    for one, other in zip(*below, strict=True):
        for hits in ((one, other), (count - one, count - other)):
            if min(hits) >= 0.1 * count:
                worst = max(worst, abs(math.log(hits[0] / hits[1])))
    return worst


HEAVY = {"heavy": [("a", 40)]}
OTHERS = {f"p{n}": [("a", 1)] for n in range(20)}
ONE_GROUP = BREAKDOWN.model_copy(update={"groups": ("a",), "most_groups": 1})


def audit(count):
    without = mechanism.bounded_sums(table(OTHERS), ONE_GROUP)
    with_heavy = mechanism.bounded_sums(table(OTHERS | HEAVY), ONE_GROUP)
    return empirical_epsilon(draws(without, ONE_GROUP, count), draws(with_heavy, ONE_GROUP, count))


def unbounded(rows):
    """A mechanism that somebody forgot to bound."""
    return {"a": sum(rows["value"].to_pylist())}


def test_the_audit_finds_no_more_than_the_claim_and_catches_a_mechanism_without_bound():
    found = audit(20_000)
    assert 0.8 * ONE_GROUP.epsilon < found <= 1.2 * ONE_GROUP.epsilon
    assert _is_caught(20_000)


def _is_caught(count):
    """With the bound gone the heavy customer moves the figure by far: what was likely never happens."""
    without, with_heavy = unbounded(table(OTHERS)), unbounded(table(OTHERS | HEAVY))
    first, second = draws(without, ONE_GROUP, count), draws(with_heavy, ONE_GROUP, count)
    at = without["a"] + 10
    hits, others = sum(f <= at for f in first), sum(s <= at for s in second)
    return math.log(hits / max(others, 1)) > 1.05 * ONE_GROUP.epsilon


@pytest.mark.full
def test_two_hundred_thousand_paired_runs_stay_within_five_percent_of_the_claim():
    found = audit(200_000)
    print(f"empirical epsilon {found:.4f} of a claim of {ONE_GROUP.epsilon}")
    assert found <= 1.05 * ONE_GROUP.epsilon
    assert _is_caught(200_000)
