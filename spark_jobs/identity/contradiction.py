"""Which pairs cannot be one person, whatever else agrees.

Twins, couples and parents share surname, address, telephone, even birth date or full name, so that agreement
counted field by field makes them one. Whether the records know families at all is read off the records: among
pairs at one address, one person's typing errors strike first name and birth date independently; where both
differ together, relatives live there.
"""

from __future__ import annotations

from dataclasses import dataclass

from spark_jobs.identity.compare import FIELDS, Bools, Levels, level

LEAST_PAIRS = 30
LEAST_CORRELATION = 0.3  # of "the first name differs" and "the birth date differs"
_FIRST, _LAST, _BIRTH = (list(FIELDS).index(f) for f in ("first_name", "last_name", "birth_date"))


@dataclass(frozen=True)
class Contradictions:
    """What counts as one: with families a first name or a birth date that differs; else it takes all three.

    Where no relatives live together typing errors are the likelier reason, and the model weighs them.
    """

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
        return other_first & other_last & other_birth


def read_off(at_home: Levels) -> Contradictions:
    """Whether relatives are among pairs at one address, given the levels of their names and birth dates.

    With too few pairs to tell, the careful answer is yes.
    """
    told = at_home[(at_home[:, _FIRST] > 0) & (at_home[:, _BIRTH] > 0)]
    if len(told) < LEAST_PAIRS:
        return Contradictions(has_families=True)
    other_first = told[:, _FIRST] == level("first_name", "different")
    other_birth = told[:, _BIRTH] == level("birth_date", "different")
    return Contradictions(has_families=_correlation(other_first, other_birth) >= LEAST_CORRELATION)


def _correlation(one: Bools, other: Bools) -> float:
    """Phi of two yes-or-no columns, 0 where one of them is always the same."""
    p, q, both = float(one.mean()), float(other.mean()), float((one & other).mean())
    spread = (p * (1 - p) * q * (1 - q)) ** 0.5
    return (both - p * q) / spread if spread else 0.0
