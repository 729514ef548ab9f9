"""What a rule may ask about a customer: the fields, where they lie, and the events there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "text", "date", "flag"]

CUSTOMERS, RFM = "gold.customers", "gold.customer_rfm"
CHURN, SPEND = "ml.churn_scores", "ml.ltv_scores"


@dataclass(frozen=True)
class Field:
    """One column that a condition may name. Scores are kept per horizon, which the condition states."""

    table: str
    column: str
    kind: Kind
    has_horizon: bool = False


def _of(table: str, prefix: str, kind: Kind, *columns: str, has_horizon: bool = False) -> dict[str, Field]:
    return {f"{prefix}.{column}": Field(table, column, kind, has_horizon) for column in columns}


FIELDS: dict[str, Field] = {
    **_of(CUSTOMERS, "customer", "text", "acquisition_source", "region", "postal_area", "country", "age_band",
          "income_band", "household_size", "gender", "language"),
    **_of(CUSTOMERS, "customer", "date", "first_seen_on", "first_ordered_on", "last_ordered_on"),
    **_of(CUSTOMERS, "customer", "number", "count_records", "count_sources"),
    **_of(CUSTOMERS, "customer", "flag", "has_loyalty_card", "has_shop_account", "is_email_allowed",
          "is_ads_allowed", "is_profiling_allowed", "is_personalisation_allowed", "is_analytics_allowed"),
    **_of(RFM, "rfm", "number", "recency_days", "frequency", "monetary", "recency_score", "frequency_score",
          "monetary_score", "rfm_index"),
    **_of(RFM, "rfm", "text", "rfm_group"),
    **_of(CHURN, "churn", "number", "churn_probability", "churn_decile", has_horizon=True),
    **_of(SPEND, "spend", "number", "predicted_spend", "spend_decile", has_horizon=True),
}  # fmt: skip

EVENTS = (
    "Products Searched", "Product List Viewed", "Product Viewed", "Product Added", "Product Removed",
    "Cart Viewed", "Checkout Started", "Payment Info Entered", "Order Completed", "Order Refunded",
    "Order Cancelled", "Coupon Applied", "Product Added to Wishlist", "Product Reviewed", "Promotion Viewed",
    "Promotion Clicked", "Page Viewed", "Screen Viewed", "Identified", "Consent Preference Updated",
    "Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam",
    "Unsubscribed",
)  # fmt: skip
