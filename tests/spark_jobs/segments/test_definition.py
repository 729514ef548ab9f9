"""The header of a segment, and the definitions that are shipped."""

from __future__ import annotations

import subprocess

import pytest

from alluvium.errors import AlluviumError
from spark_jobs.segments.definition import FOLDER, load, load_all, parse
from spark_jobs.segments.header import Guard

GOOD = """-- owner: crm-team
-- allowed purposes: marketing_email, marketing_ads
-- schedule: nightly
-- guard: size between 20 and 50000, change at most 30 percent
-- Good customers whose visits
-- have begun to thin out.
select customer_id from gold.customers
"""


def test_a_header_is_read():
    definition = parse(GOOD.encode(), "thinning.sql")
    assert definition.name == "thinning"
    assert definition.purposes == ("marketing_email", "marketing_ads")
    assert definition.guard == Guard(20, 50000, 0.3)
    assert definition.description == "Good customers whose visits have begun to thin out."


@pytest.mark.parametrize(
    ("good", "bad", "complaint", "line"),
    [
        ("-- owner: crm-team\n", "", "lacks `owner`", 1),
        ("-- owner", "-- ownr", "has no `ownr`", 1),
        ("-- schedule: nightly", "-- schedule: hourly", "cannot be read", 3),
        ("between 20 and 50000", "between 20 and 3", "cannot be read", 4),
        ("marketing_email,", "Marketing Email!,", "cannot be read", 2),
        ("-- schedule: nightly", "-- owner: another-team", "given twice", 3),
        ("-- Good customers whose visits\n-- have begun to thin out.\n", "", "says nothing", 1),
    ],
)
def test_a_broken_header_is_refused_with_its_line(good, bad, complaint, line):
    with pytest.raises(AlluviumError) as refused:
        parse(GOOD.replace(good, bad).encode(), "thinning.sql")
    assert complaint in refused.value.what
    assert refused.value.where == f"thinning.sql, line {line}"


def test_the_version_is_the_git_hash_of_the_file():
    path = FOLDER / "champions.sql"
    hashed = subprocess.run(["git", "hash-object", str(path)], capture_output=True, text=True, check=True)
    assert load("champions").version == hashed.stdout[:12]


def test_every_shipped_definition_is_sound():
    names = [definition.name for definition in load_all()]
    assert len(names) >= 5
    assert "cart_abandoners" in names


def test_an_unknown_segment_is_refused_with_the_known_ones():
    with pytest.raises(AlluviumError, match="champions"):
        load("champion")


@pytest.mark.parametrize(
    ("before", "found", "entered", "left", "objects"),
    [
        (0, 50, 50, 0, False),
        (100, 105, 30, 25, False),
        (100, 100, 31, 31, True),
        (100, 19, 0, 81, True),
        (0, 51000, 51000, 0, True),
    ],
)
def test_a_guard_objects_outside_its_bounds(before, found, entered, left, objects):
    objection = Guard(20, 50000, 0.3).objection(before, found, entered, left)
    assert (objection is not None) == objects
