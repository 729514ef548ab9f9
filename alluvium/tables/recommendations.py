"""Recommendations as shops, apps and e-mails read them."""

from __future__ import annotations

from alluvium.table import Table

_RUN_DATE = ("date", "The night that made the row")

PUBLISHED_RECOMMENDATIONS = Table(
    schema="published",
    name="recommendations",
    comment="What to show whom, with a reason, one row per run date, customer, placement and rank.",
    key=("run_date", "customer_id", "placement", "rank"),
    columns={
        "customer_id": ("string", "The customer; every customer of gold.customers has rows"),
        "placement": (
            "string",
            "Where it is shown: buy_again, discover, home; cart for who has an open cart",
        ),
        "rank": ("int", "1 to 20, 1 is shown first"),
        "product_id": (
            "string",
            "The product; never one that is hidden, in discover never one bought before",
        ),
        "score": (
            "double",
            "The model's score; for popular products the customers who bought it",
        ),
        "reason_code": (
            "string",
            "bought_regularly, bought_before, goes_with, goes_with_cart, similar_customers, new_product, "
            "popular, popular_nearby, or no_consent "
            "(personalisation refused: popular products)",
        ),
        "reason_text": ("string", "The reason in words for the customer"),
        "evidence_product_id": (
            "string",
            "goes_with, goes_with_cart, new_product: the product that the customer bought or put in the cart",
        ),
        "model": ("string", "The model that ranked it; exploration for a new product that is tried"),
        "model_version": (
            "string",
            "Version of the registered model recommender_<placement>; null for popular",
        ),
        "run_date": _RUN_DATE,
    },
    partition_by=("run_date",),
    retention_days=90,
)

PUBLISHED_POPULAR_PRODUCTS = Table(
    schema="published",
    name="popular_products",
    comment="What most customers bought in the last 28 days, as of the last night, one row per rank.",
    key=("rank",),
    columns={
        "rank": ("int", "1 is most popular"),
        "product_id": ("string", "The product"),
        "product_name": ("string", "Its name"),
        "count_customers": ("bigint", "Customers who bought it in the 28 days up to run_date"),
        "run_date": _RUN_DATE,
    },
)

PUBLISHED_SIMILAR_PRODUCTS = Table(
    schema="published",
    name="similar_products",
    comment="What goes with a product, as of the last night, one row per product and rank.",
    key=("product_id", "rank"),
    columns={
        "product_id": ("string", "The product looked at"),
        "rank": ("int", "1 is most similar"),
        "similar_product_id": ("string", "The product that goes with it"),
        "score": ("double", "Cosine of the two products' buyers, 0 to 1"),
        "run_date": _RUN_DATE,
    },
)

PUBLISHED_RECOMMENDATION_RESULTS = Table(
    schema="published",
    name="recommendation_results",
    comment="What came of the lists of a night, one row per night, window, placement and model.",
    key=("run_date", "window_days", "placement", "model"),
    columns={
        "run_date": ("date", "The night whose lists were shown"),
        "window_days": ("int", "Days after that night in which views and purchases count"),
        "placement": ("string", "Where it was shown"),
        "model": (
            "string",
            "The model that the customer was given: in an experiment the champion or the challenger; "
            "popularity for who got popular products only",
        ),
        "customers": ("bigint", "Customers with a list of this model"),
        "rows_shown": ("bigint", "Places of their lists"),
        "rows_viewed": ("bigint", "Shown products that the same customer viewed within the window"),
        "rows_bought": ("bigint", "Shown products that the same customer bought within the window"),
        "customers_bought": ("bigint", "Customers who bought one of them or more"),
        "corrected_view_rate": (
            "double",
            "Views a place if every place were looked at like the first: each counts log2(rank + 1), because "
            "a place is taken to be looked at in proportion to 1 / log2(rank + 1)",
        ),
        "revenue_per_customer": ("double", "What a customer spent on shown products within the window"),
        "revenue_error": ("double", "Standard error of it; null for one customer"),
    },
    retention_days=730,
)
