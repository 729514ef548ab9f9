"""Events that are newer than the warehouse: what `refresh_segments` adds to `gold.customer_events`.

Of the silver events of later run dates than the newest in gold, up to a moment, each is given to the customer
of its account, else of its device, as identity left them. Sessions and orders wait for the night.
"""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.segments.moment import CHANGED, Moment

GOLD_EVENTS = "gold.customer_events"
SILVER_EVENTS = {"web": "silver.web_events", "email": "silver.email_events"}
READS = (
    GOLD_EVENTS,
    *SILVER_EVENTS.values(),
    "silver.shop_accounts",
    "identity.customer_records",
    "gold.customers",
)
_LOCAL_DAY = {
    "spark": "CAST(from_utc_timestamp(occurred_at, '{zone}') AS DATE)",
    "duckdb": "CAST(timezone('{zone}', occurred_at) AS DATE)",
}
_BOTS = {
    "spark": "lower(user_agent) RLIKE 'bot|crawl|spider|slurp|headless'",
    "duckdb": "regexp_matches(lower(user_agent), 'bot|crawl|spider|slurp|headless')",
}
# A constant where it is known: only then files of earlier days are left alone.
_NEWEST_IN_GOLD = (
    "(SELECT coalesce(max(_run_date), DATE '1970-01-01') FROM gold.customer_events WHERE source = '{source}')"
)
_NEWER = """
WITH owners AS (
    SELECT records.record_key, records.customer_id
    FROM identity.customer_records AS records
    JOIN gold.customers AS customers ON customers.customer_id = records.customer_id
    WHERE records.is_current AND records.tier = 'strict'
),
accounts AS (
    SELECT DISTINCT shop.user_id_key, owners.customer_id
    FROM silver.shop_accounts AS shop JOIN owners ON owners.record_key = shop.record_key
    WHERE shop.user_id_key IS NOT NULL
),
web AS (
    SELECT concat('web-', message_id) AS event_id, 'web' AS source,
        coalesce(accounts.customer_id, owners.customer_id) AS customer_id,
        CASE type WHEN 'track' THEN event WHEN 'page' THEN 'Page Viewed' WHEN 'screen' THEN 'Screen Viewed'
            WHEN 'identify' THEN 'Identified' ELSE type END AS event,
        occurred_at, CAST(product_id AS {text}) AS product_id, CAST(NULL AS INT) AS campaign_id,
        quantity, price, events._run_date AS _run_date
    FROM {web} AS events
    LEFT JOIN accounts ON accounts.user_id_key = events.user_id_key
    LEFT JOIN owners ON owners.record_key = events.record_key
    WHERE events._run_date > {newest_web} AND NOT coalesce({is_bot}, false)
),
email AS (
    SELECT concat('email-', event_id) AS event_id, 'email' AS source, owners.customer_id AS customer_id,
        event, occurred_at, CAST(NULL AS {text}) AS product_id, campaign_id, CAST(NULL AS INT) AS quantity,
        CAST(NULL AS DECIMAL(12, 2)) AS price, events._run_date AS _run_date
    FROM {email} AS events
    JOIN owners ON owners.record_key = events.record_key
    WHERE events._run_date > {newest_email}
)
SELECT event_id, source, customer_id, event, occurred_at, {local_day} AS occurred_on, product_id, campaign_id,
    quantity, price, _run_date
FROM (SELECT * FROM web UNION ALL SELECT * FROM email) AS newer WHERE occurred_at <= {moment}
"""
_OLDER = """
SELECT event_id, source, customer_id, event, occurred_at, occurred_on, product_id, campaign_id, quantity,
    price, _run_date
FROM gold.customer_events WHERE occurred_at <= {moment}
"""
_OF_CHANGED = f" AND customer_id IN (SELECT customer_id FROM {CHANGED})"


def newer(at: Moment, zone: str, dialect: str, instead: Mapping[str, str] | None = None) -> str:
    """The events that gold lacks, as a query. `zone` is the business time zone.

    `instead` names relations that are read in the place of the silver tables, by source.
    """
    sources = {**SILVER_EVENTS, **(instead or {})}
    newest = {
        source: f"DATE '{at.loaded[source]}'"
        if source in at.loaded
        else _NEWEST_IN_GOLD.format(source=source)
        for source in SILVER_EVENTS
    }
    return _NEWER.format(
        text="VARCHAR" if dialect == "duckdb" else "STRING",
        is_bot=_BOTS[dialect],
        local_day=_LOCAL_DAY[dialect].format(zone=zone),
        moment=_literal(at, dialect),
        newest_web=newest["web"],
        newest_email=newest["email"],
        **sources,
    )


def up_to(at: Moment, zone: str, dialect: str) -> str:
    """A relation in brackets that stands for `gold.customer_events`."""
    of_changed = _OF_CHANGED if at.is_partial else ""
    older = _OLDER.format(moment=_literal(at, dialect)) + of_changed
    return f"({older} UNION ALL SELECT * FROM ({newer(at, zone, dialect)}{of_changed}) AS of_today)"


def _literal(at: Moment, dialect: str) -> str:
    kind = "TIMESTAMPTZ" if dialect == "duckdb" else "TIMESTAMP"
    return f"{kind} '{at.as_of.isoformat()}'"
