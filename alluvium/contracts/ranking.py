"""Which of the rows of one key is the truth: the one of the highest rank.

The rank is the contract's `newest` columns, then run date, then row hash, all of them columns of silver.
"""

from __future__ import annotations

from alluvium.contracts.contract import Contract


def rank_columns(contract: Contract) -> list[str]:
    """The columns that decide between rows of one key, the first that differs wins."""
    return [*contract.newest, "_run_date", "_row_hash"]


def outranks(contract: Contract) -> str:
    """SQL: whether the incoming row ranks above the stored one. A null ranks below every value."""
    above = "false"
    for name in reversed(rank_columns(contract)):
        new, old = f"s.`{name}`", f"t.`{name}`"
        higher = f"({new} > {old}) OR ({old} IS NULL AND {new} IS NOT NULL)"
        above = f"({higher} OR (({new} IS NOT DISTINCT FROM {old}) AND ({above})))"
    return above
