"""Which columns a model may see."""

from __future__ import annotations

from models.common import features, params

TYPES = {
    "customer_id": "string",
    "as_of_date": "date",
    "orders_7d": "int",
    "orders_90d": "int",
    "spend_90d": "decimal(12,2)",
    "preferred_hour": "int",
    "preferred_store": "string",
    "department_shares_365d": "array<struct<department:string,share:double>>",
}


def test_numbers_are_seen_and_keys_names_and_lists_are_not() -> None:
    assert features.usable(TYPES, []) == ["orders_7d", "orders_90d", "preferred_hour", "spend_90d"]


def test_what_is_excluded_may_be_a_pattern() -> None:
    assert features.usable(TYPES, ["preferred_*", "orders_[7]*d"]) == ["orders_90d", "spend_90d"]


def test_churn_keeps_the_windows_it_was_tuned_on() -> None:
    names = [f"{name}_{days}d" for name in ("campaigns", "redemptions") for days in (7, 30, 60, 90, 180, 365)]
    kept = features.usable(dict.fromkeys(names, "int"), params.load("churn").excluded_features)
    assert kept == ["campaigns_90d", "redemptions_90d"]
