"""What the recommender found, before rules and consent: publishing reads it."""

from __future__ import annotations

from alluvium.table import Table

_AS_OF = ("date", "First day not seen: made from purchases before it")
_PRODUCT = ("string", "The product")
KEPT_DAYS = 90

ML_RECOMMENDATION_CANDIDATES = Table(
    schema="ml",
    name="recommendation_candidates",
    comment="What a model would show a customer, one row per customer, placement, rank and as-of date.",
    key=("as_of_date", "customer_id", "placement", "rank"),
    columns={
        "customer_id": ("string", "The customer; nobody who refused personalisation"),
        "placement": ("string", "Where it is shown: buy_again, discover, home, cart"),
        "rank": (
            "int",
            "1 is best; more ranks than are shown, because publishing hides some; beyond 1000 a new product "
            "to try at the place that is the rest",
        ),
        "product_id": _PRODUCT,
        "score": ("double", "The model's score; comparable within a customer and placement only"),
        "reason_code": (
            "string",
            "bought_regularly, bought_before, goes_with, goes_with_cart, similar_customers or new_product",
        ),
        "evidence_product_id": (
            "string",
            "goes_with, goes_with_cart, new_product: the product that the customer bought or put in the cart",
        ),
        "interval_days": ("int", "bought_regularly: mean days between the customer's purchases"),
        "model": ("string", "Name of the model"),
        "model_version": ("string", "Version of the registered model recommender_<placement>"),
        "as_of_date": _AS_OF,
    },
    partition_by=("as_of_date",),
    retention_days=KEPT_DAYS,
)

ML_POPULAR_PRODUCT_CANDIDATES = Table(
    schema="ml",
    name="popular_product_candidates",
    comment="Products by how many customers bought them lately, one row per rank and as-of date.",
    key=("as_of_date", "rank"),
    columns={
        "rank": ("int", "1 is most popular"),
        "product_id": _PRODUCT,
        "count_customers": ("bigint", "Customers who bought it in the 28 days before as_of_date"),
        "as_of_date": _AS_OF,
    },
    partition_by=("as_of_date",),
    retention_days=KEPT_DAYS,
)

ML_REGIONAL_PRODUCT_CANDIDATES = Table(
    schema="ml",
    name="regional_product_candidates",
    comment="What customers of a region bought lately, one row per region, rank and as-of date.",
    key=("as_of_date", "region", "rank"),
    columns={
        "region": ("string", "The customers' region; only regions with enough buyers"),
        "rank": ("int", "1 is most popular"),
        "product_id": _PRODUCT,
        "count_customers": (
            "bigint",
            "Customers of the region who bought it in the 28 days before as_of_date",
        ),
        "as_of_date": _AS_OF,
    },
    partition_by=("as_of_date",),
    retention_days=KEPT_DAYS,
)

ML_SIMILAR_PRODUCT_CANDIDATES = Table(
    schema="ml",
    name="similar_product_candidates",
    comment="Products that the same customers buy, one row per product, rank and as-of date.",
    key=("as_of_date", "product_id", "rank"),
    columns={
        "product_id": ("string", "The product looked at"),
        "rank": ("int", "1 is most similar"),
        "similar_product_id": ("string", "The product that goes with it"),
        "score": ("double", "Cosine of the two products' buyers, 0 to 1"),
        "as_of_date": _AS_OF,
    },
    partition_by=("as_of_date",),
    retention_days=KEPT_DAYS,
)
