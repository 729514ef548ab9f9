"""No group below k is published, and none can be worked out from what is published beside it."""

from __future__ import annotations

from itertools import product
from random import Random

import pandas as pd
import pytest
from pycanon import anonymity

from spark_jobs.privacy.breakdown import protect

K = 5


def table(seed: int, rows: int = 4, columns: int = 4) -> dict[tuple[str, ...], int]:
    rng = Random(seed)
    drawn = {
        (f"r{r}", f"c{c}"): rng.choice([0, 1, 2, 4, 5, 7, 12, 30])
        for r, c in product(range(rows), range(columns))
    }
    return {cell: n for cell, n in drawn.items() if n}


def possible(out, most: int) -> dict[tuple[str, ...], set[int]]:
    """Every number that a missing cell can have, by trying all that fit what is published: no programme."""
    found: dict[tuple[str, ...], set[int]] = {cell: set() for cell in out.missing}
    lines = {
        line: [cell for cell in out.cells if not line or cell[line[0]] == line[1]]
        for line, total in out.margins.items()
        if total is not None
    }
    for tried in product(range(most + 1), repeat=len(out.missing)):
        guess = dict(zip(out.missing, tried, strict=True))
        filled = {cell: guess.get(cell, n) for cell, n in out.cells.items()}
        if all(sum(filled[cell] for cell in cells) == out.margins[line] for line, cells in lines.items()):
            for cell, n in guess.items():
                found[cell].add(n)
    return found


def test_one_small_group_alone_would_be_told_by_the_totals():
    counts = {("a", "x"): 2, ("a", "y"): 20, ("b", "x"): 20, ("b", "y"): 20}
    out = protect(counts, K)
    assert len(out.missing) == 4
    assert out.margins[()] == 62
    assert protect({("a",): 20, ("b",): 30}, K).missing == []
    assert protect({("a",): 2, ("b",): 20, ("c",): 30}, K).missing == [("a",), ("b",)]


def test_whoever_tries_all_numbers_finds_none_and_may_think_of_k_people():
    tried = 0
    for seed in range(3):
        out = protect(small(seed), K)
        shown = [n for n in (*out.cells.values(), *out.margins.values()) if n is not None]
        assert min(shown, default=K) >= K
        if 0 < len(out.missing) <= 4:  # What can be tried out.
            tried += 1
            for numbers in possible(out, most=18).values():
                assert len(numbers) > 1
                assert max(numbers) >= K
    assert tried >= 2


def small(seed: int) -> dict[tuple[str, ...], int]:
    """Nine groups, one of them below k."""
    rng = Random(seed)
    counts = {(f"r{r}", f"c{c}"): rng.randint(5, 9) for r, c in product(range(3), range(3))}
    return counts | {rng.choice(sorted(counts)): rng.randint(1, 4)}


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(n, marks=pytest.mark.full) for n in range(5, 100))]
)
def test_what_is_published_is_k_anonymous_by_another_library(seed):
    counts = table(seed, rows=6)
    out = protect(counts, K)
    people = [cell for cell, n in out.cells.items() if n is not None for _ in range(n)]
    if people:
        assert anonymity.k_anonymity(pd.DataFrame(people, columns=["row", "column"]), ["row", "column"]) >= K
    assert all(counts[cell] == n for cell, n in out.cells.items() if n is not None)
    # Not by leaving out everything.
    assert sum(n or 0 for n in out.cells.values()) > 0.2 * sum(counts.values())
