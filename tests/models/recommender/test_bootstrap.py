from __future__ import annotations

import numpy as np

from models.recommender import bootstrap


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_for_many():
    values = np.random.default_rng(1).normal(0.4, 0.2, 2000)
    low, high = bootstrap.interval(values)
    half = 1.96 * 0.2 / np.sqrt(2000)
    assert abs(low - (values.mean() - half)) < 0.1 * half
    assert abs(high - (values.mean() + half)) < 0.1 * half
    assert bootstrap.interval(values) == (low, high)


def test_nobody_has_no_interval():
    assert bootstrap.interval(np.empty(0)) is None


def test_better_means_better_for_the_same_customers_beyond_chance():
    random = np.random.default_rng(2)
    champion = random.normal(0.4, 0.3, 500)
    assert bootstrap.is_better(champion + 0.01 + random.normal(0, 0.02, 500), champion)
    assert not bootstrap.is_better(champion + 0.001 + random.normal(0, 0.3, 500), champion)
    assert not bootstrap.is_better(champion, champion)
