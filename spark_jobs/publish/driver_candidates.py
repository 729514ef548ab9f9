"""`candidates` for lakes that one machine reads: the same people by DuckDB, in Arrow batches, without Spark.

The answer streams and sorts on disk, so that memory does not grow with the customers. It serves up to
`MOST_CUSTOMERS` on a disk of this machine; both ways give the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import driver_delta, driver_stays, lake_sql, stays
from alluvium.privacy import contact_vault
from alluvium.settings import Settings
from alluvium.table import Table
from spark_jobs.publish.people import CONTACT_COLUMNS

MOST_CUSTOMERS = 5_000_000
BATCH_ROWS = 10_000
SEALED_FOR = "sealed_for"  # Under whose key the contact details are.

PEOPLE = """
WITH consent AS (
    SELECT customer_id, purpose, bool_and(coalesce(status = 'granted', false)) AS is_granted
    FROM gold.consents
    WHERE valid_from < $end AND (valid_to IS NULL OR valid_to >= $end)
    GROUP BY customer_id, purpose
),
required AS (SELECT segment, platform, unnest(required) AS purpose FROM deliveries),
granted AS (
    SELECT platform, segment, customer_id, count(*) AS count_granted
    FROM required JOIN consent USING (purpose) WHERE is_granted GROUP BY ALL
),
refusals AS (
    SELECT purpose, customer_id, contacts.email_match AS email, contacts.phone_match AS phone
    FROM pii.contact_vault AS contacts JOIN consent USING (customer_id) WHERE NOT is_granted
),
refused_email AS (
    SELECT DISTINCT segment, platform, email FROM refusals JOIN required USING (purpose)
    WHERE email IS NOT NULL
),
refused_phone AS (
    SELECT DISTINCT segment, platform, phone FROM refusals JOIN required USING (purpose)
    WHERE phone IS NOT NULL
),
refused_oneself AS (
    SELECT DISTINCT segment, platform, customer_id FROM refusals JOIN required USING (purpose)
),
wanted AS (
    SELECT deliveries.segment, deliveries.platform, members.customer_id
    FROM deliveries JOIN {members} AS members ON members.segment = deliveries.segment
    WHERE NOT deliveries.is_ended AND {is_in}
),
former AS (
    SELECT stays.* FROM {audience} AS stays JOIN deliveries USING (segment, platform) WHERE {was_in}
),
people AS (
    SELECT
        coalesce(wanted.segment, former.segment) AS segment,
        coalesce(wanted.platform, former.platform) AS platform,
        coalesce(wanted.customer_id, former.customer_id) AS customer_id,
        epoch_us(former.entered_at) AS entered_at,
        epoch_us(former.left_at) AS written_left_at,
        former.purpose AS former_purpose,
        former.definition_version AS former_version,
        wanted.customer_id IS NOT NULL AS is_member
    FROM wanted FULL OUTER JOIN former
        ON wanted.segment = former.segment AND wanted.platform = former.platform
            AND wanted.customer_id = former.customer_id
),
with_contact AS (
    SELECT people.*, coalesce(redirects.successor_id, people.customer_id) AS contact_id
    FROM people LEFT JOIN {redirects} AS redirects ON redirects.old_customer_id = people.customer_id
)
SELECT
    people.segment, people.platform, people.customer_id, people.entered_at, people.written_left_at,
    people.former_purpose, people.former_version, {contact}, contacts.customer_id AS sealed_for,
    people.is_member,
    NOT people.is_member OR coalesce(granted.count_granted, 0) = len(deliveries.required) AS is_consented,
    people.is_member
        AND (refused_email.email IS NOT NULL OR oneself.customer_id IS NOT NULL) AS email_is_refused,
    people.is_member
        AND (refused_phone.phone IS NOT NULL OR oneself.customer_id IS NOT NULL) AS phone_is_refused
FROM with_contact AS people
JOIN deliveries ON deliveries.segment = people.segment AND deliveries.platform = people.platform
LEFT JOIN pii.contact_vault AS contacts ON contacts.customer_id = people.contact_id
LEFT JOIN granted ON granted.customer_id = contacts.customer_id
    AND granted.segment = people.segment AND granted.platform = people.platform
LEFT JOIN refused_oneself AS oneself ON oneself.customer_id = contacts.customer_id
    AND oneself.segment = people.segment AND oneself.platform = people.platform
LEFT JOIN refused_email ON refused_email.email = contacts.email_match
    AND refused_email.segment = people.segment AND refused_email.platform = people.platform
LEFT JOIN refused_phone ON refused_phone.phone = contacts.phone_match
    AND refused_phone.segment = people.segment AND refused_phone.platform = people.platform
ORDER BY segment, platform, customer_id
"""
NOBODY_SENT = """(SELECT NULL::VARCHAR AS segment, NULL::VARCHAR AS platform, NULL::VARCHAR AS customer_id,
    NULL::VARCHAR AS purpose, NULL::VARCHAR AS definition_version, NULL::TIMESTAMPTZ AS entered_at,
    NULL::TIMESTAMPTZ AS left_at WHERE false)"""
NO_REDIRECTS = (
    "(SELECT NULL::VARCHAR AS old_customer_id, NULL::VARCHAR AS customer_id, NULL::DATE AS changed_on "
    "WHERE false)"
)


def is_there(settings: Settings, table: Table) -> bool:
    """Whether the table lies on a disk of this machine."""
    return DeltaTable.is_deltatable(str(settings.lake / table.schema / table.name))


def ask(settings: Settings, query: str) -> duckdb.DuckDBPyConnection:
    """Run one reading query over the lake."""
    view = lake_sql.View(settings, with_pii=True)
    return lake_sql.answer(lake_sql.kept(view), view, query)


def serves(settings: Settings) -> bool:
    """Whether the people of this lake are few enough, and here."""
    if not is_there(settings, catalog.PII_CUSTOMERS):
        return False
    path = settings.lake / catalog.PII_CUSTOMERS.schema / catalog.PII_CUSTOMERS.name
    files = driver_delta.as_arrow(DeltaTable(str(path)).get_add_actions(flatten=True))
    return sum(n or 0 for n in files["num_records"].to_pylist()) <= MOST_CUSTOMERS


def _query(settings: Settings, at: datetime) -> str:
    has_audience = is_there(settings, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    has_redirects = is_there(settings, catalog.IDENTITY_REDIRECTS)
    redirects = catalog.IDENTITY_REDIRECTS.full_name if has_redirects else NO_REDIRECTS
    return PEOPLE.format(
        members=catalog.PUBLISHED_SEGMENT_MEMBERS.full_name,
        audience=catalog.PUBLISHED_AUDIENCE_MEMBERS.full_name if has_audience else NOBODY_SENT,
        redirects=f"(SELECT old_customer_id, customer_id AS successor_id FROM {redirects})",
        is_in=driver_stays.is_in(at, "members"),
        was_in=driver_stays.was_in(at),
        contact=", ".join(f"contacts.{name}" for name in CONTACT_COLUMNS),
    )


def people(config: JobConfig, deliveries: list[tuple[str, str, list[str], bool]]) -> Iterator[pa.RecordBatch]:
    """Everybody whom a delivery of tonight concerns, in the order of the files.

    `deliveries` are segment, platform, required purposes and whether the delivery has ended (nobody is in it
    any more). The columns are those of `candidates.with_profile`.
    """
    contact_vault.refresh(config.settings)
    view = lake_sql.View(config.settings, with_pii=True)
    opened = lake_sql.kept(view)
    opened.execute(
        "CREATE TEMP TABLE deliveries "
        "(segment VARCHAR, platform VARCHAR, required VARCHAR[], is_ended BOOLEAN)"
    )
    opened.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?)", deliveries)
    query = _query(config.settings, stays.night_at(config.run_date)).replace(
        "$end", f"TIMESTAMPTZ '{config.run_date_end.isoformat()}'"
    )
    contacts = contact_vault.Opener(config.settings)
    for batch in lake_sql.answer(opened, view, query).to_arrow_reader(BATCH_ROWS):
        yield contacts.batch(batch, SEALED_FOR).drop_columns([SEALED_FOR])
