"""May a challenger replace the champion?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.common.params import GateRule


@dataclass(frozen=True)
class Verdict:
    """Whether to promote, and why."""

    is_promoted: bool
    reason: str


def judge(challenger: Mapping[str, float], champion: Mapping[str, float] | None, rule: GateRule) -> Verdict:
    """Promote the first candidate, and later whoever is better or equal and whose total is right.

    Both are measured on the same customers of the newest closed window, which neither was fitted on.
    `champion` is None when there is none, or none that can be applied to the data any more.
    """
    if champion is None:
        return Verdict(True, "there was no champion to compare with")
    mine, theirs = challenger[rule.figure], champion[rule.figure]
    is_better = mine >= theirs if rule.higher_is_better else mine <= theirs
    compared = f"{rule.figure} {mine:.4f} against the champion's {theirs:.4f}"
    if not is_better:
        return Verdict(False, compared)
    if abs(challenger["total_bias"]) > rule.total_within:
        return Verdict(False, f"{compared}, but the total is off by {challenger['total_bias']:+.1%}")
    return Verdict(True, compared)
