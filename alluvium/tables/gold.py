"""The marts that dbt builds. Their columns stand in the models' yml, which is their contract."""

from __future__ import annotations

from alluvium.table import Table


def _mart(name: str, comment: str, *key: str, **more: object) -> Table:
    return Table("gold", name, comment, key, **more)  # type: ignore[arg-type]


GOLD_CUSTOMERS = _mart(
    "customers", "The golden record without personal data, one row per customer.", "customer_id"
)
GOLD_CUSTOMERS_HISTORY = _mart(
    "customers_history",
    "What each customer looked like when, one row per customer and period.",
    "customer_id",
    "valid_from",
)
GOLD_ORDERS = _mart("orders", "Every order once, one row per order.", "order_id", kept_when_erased="true")
GOLD_ORDER_LINES = _mart(
    "order_lines",
    "What was bought, one row per order and product.",
    "order_id",
    "product_id",
    kept_when_erased="true",
)
GOLD_PRODUCTS = _mart("products", "What can be bought, one row per product.", "product_id")
GOLD_SESSIONS = _mart("sessions", "Visits of the shop's web site, one row per visit.", "session_id")
GOLD_CUSTOMER_EVENTS = _mart(
    "customer_events", "Web and e-mail events of customers, one row per event.", "event_id"
)
GOLD_CUSTOMER_ACTIVITY_DAILY = _mart(
    "customer_activity_daily",
    "What a customer did on a day, one row per customer and day.",
    "customer_id",
    "activity_on",
)
GOLD_CUSTOMER_RFM = _mart(
    "customer_rfm", "Recency, frequency, monetary value, one row per customer.", "customer_id"
)
GOLD_CUSTOMER_FEATURES = _mart(
    "customer_features",
    "What was known of a customer before a day, one row per customer and as-of date.",
    "customer_id",
    "as_of_date",
    partition_by=("as_of_date",),
)
GOLD_CONSENTS = _mart(
    "consents",
    "What a customer agreed to when, one row per customer, purpose and period.",
    "customer_id",
    "purpose",
    "valid_from",
)
GOLD_CAMPAIGN_TOUCHES = _mart(
    "campaign_touches",
    "Who received which campaign, one row per customer and campaign.",
    "customer_id",
    "campaign_id",
)
GOLD_COUPON_REDEMPTIONS = _mart(
    "coupon_redemptions",
    "Coupons handed in, one row per customer, coupon, campaign and day.",
    "customer_id",
    "coupon_upc",
    "campaign_id",
    "redeemed_on",
)
PII_CUSTOMERS = Table(
    "pii",
    "customers",
    "The golden contact details with the source of each value, one row per customer.",
    ("customer_id",),
    holds_pii=True,
)
