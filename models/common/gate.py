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


def judge(
    challenger: Mapping[str, float],
    champion: Mapping[str, float] | None,
    gain: Mapping[str, float] | None,
    rule: GateRule,
) -> Verdict:
    """Promote the first candidate, and later whoever is better or equal and whose total is right.

    Both are measured on the same customers of the newest closed window, which neither was fitted on; `gain`
    is the paired difference of the headline with its interval (see evaluation.paired_gain). `champion` is
    None when there is none, or none that can be applied to the data any more.
    """
    if champion is None or gain is None:
        return Verdict(True, "there was no champion to compare with")
    compared = (
        f"{rule.figure} {challenger[rule.figure]:.4f} against the champion's {champion[rule.figure]:.4f}, "
        f"gain {gain['gain']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f})"
    )
    if gain["gain"] < 0:
        return Verdict(False, compared)
    if abs(challenger["total_bias"]) > rule.total_within:
        return Verdict(False, f"{compared}, but the total is off by {challenger['total_bias']:+.1%}")
    return Verdict(True, compared)
