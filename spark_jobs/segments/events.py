"""Events that are newer than the warehouse: what `refresh_segments` adds to `gold.customer_events`.

Of the silver events of later run dates than the newest in gold, up to a moment, each is given to the customer
of its account, else of its device, as identity left them. Sessions and orders wait for the night.
"""

from __future__ import annotations

from datetime import datetime

GOLD_EVENTS = "gold.customer_events"
READS = (
    GOLD_EVENTS,
    "silver.web_events",
    "silver.email_events",
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
_QUERY = """(
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
    FROM silver.web_events AS events
    LEFT JOIN accounts ON accounts.user_id_key = events.user_id_key
    LEFT JOIN owners ON owners.record_key = events.record_key
    WHERE events._run_date > (SELECT coalesce(max(_run_date), DATE '1970-01-01') FROM gold.customer_events
            WHERE source = 'web')
        AND NOT coalesce({is_bot}, false)
),
email AS (
    SELECT concat('email-', event_id) AS event_id, 'email' AS source, owners.customer_id AS customer_id,
        event, occurred_at, CAST(NULL AS {text}) AS product_id, campaign_id, CAST(NULL AS INT) AS quantity,
        CAST(NULL AS DECIMAL(12, 2)) AS price, events._run_date AS _run_date
    FROM silver.email_events AS events
    JOIN owners ON owners.record_key = events.record_key
    WHERE events._run_date > (SELECT coalesce(max(_run_date), DATE '1970-01-01') FROM gold.customer_events
            WHERE source = 'email')
)
SELECT event_id, source, customer_id, event, occurred_at, occurred_on, product_id, campaign_id, quantity,
    price, _run_date
FROM gold.customer_events WHERE occurred_at <= {moment}
UNION ALL
SELECT event_id, source, customer_id, event, occurred_at, {local_day} AS occurred_on, product_id, campaign_id,
    quantity, price, _run_date
FROM (SELECT * FROM web UNION ALL SELECT * FROM email) AS newer WHERE occurred_at <= {moment}
)"""


def up_to(moment: datetime, zone: str, dialect: str) -> str:
    """A relation in brackets that stands for `gold.customer_events`. `zone` is the business time zone."""
    kind = "TIMESTAMPTZ" if dialect == "duckdb" else "TIMESTAMP"
    return _QUERY.format(
        text="VARCHAR" if dialect == "duckdb" else "STRING",
        is_bot=_BOTS[dialect],
        local_day=_LOCAL_DAY[dialect].format(zone=zone),
        moment=f"{kind} '{moment.isoformat()}'",
    )
