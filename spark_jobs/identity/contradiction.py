"""Which pairs cannot be one person, whatever else agrees.

Twins, couples and parents share surname, address, telephone, even birth date or full name, so that agreement
counted field by field makes them one. Whether the records know families at all is read off the records: among
pairs at one address, one person's typing errors strike first name and birth date independently; where both
differ together far more often than that, relatives live there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spark_jobs.identity.compare import FIELDS, Bools, Levels, level

LEAST_PAIRS = 30
LIFT = 2.0  # how much oftener than by chance both differ
_FIRST, _LAST, _BIRTH, _ADDRESS = (
    list(FIELDS).index(f) for f in ("first_name", "last_name", "birth_date", "address")
)


@dataclass(frozen=True)
class Contradictions:
    """What counts as one: with families a first name or a birth date that differs; else it takes two."""

    has_families: bool = True

    def among(self, levels: Levels) -> Bools:
        """Which pairs contradict, by the levels of first name, last name and birth date."""
        first, last, birth = levels[:, _FIRST], levels[:, _LAST], levels[:, _BIRTH]
        other_first = first == level("first_name", "different")
        other_last = last == level("last_name", "different")
        other_birth = birth == level("birth_date", "different")
        unnamed = (first <= level("first_name", "initial")) & other_last
        if self.has_families:
            return other_first | other_birth | unnamed
        return (other_first & (other_birth | other_last)) | (other_birth & (other_last | unnamed))


def read_off(levels: Levels) -> Contradictions:
    """Whether relatives are among the pairs. With too few pairs to tell, the careful answer is yes."""
    at_home = levels[levels[:, _ADDRESS] >= level("address", "similar")]
    told = at_home[(at_home[:, _FIRST] > 0) & (at_home[:, _BIRTH] > 0)]
    if len(told) < LEAST_PAIRS:
        return Contradictions(has_families=True)
    other_first = told[:, _FIRST] == level("first_name", "different")
    other_birth = told[:, _BIRTH] == level("birth_date", "different")
    by_chance = other_first.mean() * other_birth.mean()
    return Contradictions(
        has_families=bool(np.mean(other_first & other_birth) > LIFT * by_chance + 1 / len(told))
    )
