"""People who must never be contacted again, known by keyed hashes only.

Mail that came back and mail that was called spam put their address on the list the same night. An
unsubscription is a withdrawn consent (`gold.consents`), since it may be granted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from alluvium import catalog
from alluvium.contact import DEFAULT_REGION
from alluvium.lake import delta, driver_stays
from alluvium.privacy.keys import identifier_key
from spark_jobs.publish.driver_candidates import ask, is_there

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig

CUSTOMER_ID = "customer_id"
CONTACT_KINDS = ("email", "phone")
# An address is dead when the last that happened to a mail there is that it came back; a complaint stays.
FROM_MAILINGS = """
WITH mailings AS (
    SELECT email_key AS token, event, occurred_at, event_id FROM silver.email_events
    WHERE email_key IS NOT NULL AND occurred_at < $end
        AND event IN ('Email Bounced', 'Email Delivered', 'Email Opened', 'Email Link Clicked',
            'Email Marked as Spam')
)
SELECT 'email' AS kind, token, 'bounced' AS reason, max(occurred_at) AS suppressed_at FROM mailings
WHERE event <> 'Email Marked as Spam' GROUP BY token
HAVING arg_max(event, (occurred_at, event_id)) = 'Email Bounced'
    AND token NOT IN (SELECT token FROM mailings WHERE event = 'Email Marked as Spam')
UNION ALL
SELECT 'email', token, 'complaint', min(occurred_at) FROM mailings
WHERE event = 'Email Marked as Spam' GROUP BY token
"""


@dataclass(frozen=True)
class Suppressed:
    """The suppression list in memory, tokens by kind: about 125 MB a million."""

    tokens: Mapping[str, frozenset[str]]
    secret: bytes

    def among(self, people: pl.DataFrame) -> pl.Series:
        """Whose id, e-mail address or telephone number is on the list; `people` has these and a country."""
        found = pl.Series("is_suppressed", [False], pl.Boolean).new_from_index(0, people.height)
        for kind in (CUSTOMER_ID, *CONTACT_KINDS):
            tokens = self.tokens.get(kind)
            if tokens:
                found |= pl.Series([key in tokens for key in self._keys(kind, people)], dtype=pl.Boolean)
        return found

    def _keys(self, kind: str, people: pl.DataFrame) -> Iterator[str | None]:
        """What a person's token on the list would be: keyed only where a value is, and a list of its kind."""
        if kind == CUSTOMER_ID:
            yield from people[CUSTOMER_ID]
            return
        regions = people["country"].fill_null(DEFAULT_REGION).to_list()
        for value, region in zip(people[kind].to_list(), regions, strict=True):
            yield identifier_key(kind, value, region or DEFAULT_REGION, self.secret) if value else None


def learn(spark: SparkSession, config: JobConfig) -> None:
    """Bring the list up to what the mailings say as of the run date; other reasons are left alone."""
    settings = config.settings
    if not is_there(settings, catalog.OPS_SUPPRESSIONS):
        delta.create(spark, catalog.OPS_SUPPRESSIONS)
    if not (settings.lake / "silver" / "email_events" / "_delta_log").is_dir():
        return
    query = FROM_MAILINGS.replace("$end", f"TIMESTAMPTZ '{config.run_date_end.isoformat()}'")
    found: pa.Table = ask(settings, query).to_arrow_table()
    rows = found.set_column(3, "suppressed_at", found["suppressed_at"].cast(driver_stays.INSTANT))
    path = settings.lake / catalog.OPS_SUPPRESSIONS.schema / catalog.OPS_SUPPRESSIONS.name
    is_bounce = "(t.reason = 'bounced')"
    on = catalog.OPS_SUPPRESSIONS.key
    delta.merge_rows(rows, catalog.OPS_SUPPRESSIONS, path, on=on, delete_missing=is_bounce)


def load(config: JobConfig, secret: bytes) -> Suppressed:
    """Read the list."""
    if not is_there(config.settings, catalog.OPS_SUPPRESSIONS):
        return Suppressed({}, secret)
    query = f"SELECT kind, list(token) FROM {catalog.OPS_SUPPRESSIONS.full_name} GROUP BY kind"
    rows = ask(config.settings, query).fetchall()
    return Suppressed({kind: frozenset(tokens) for kind, tokens in rows}, secret)
