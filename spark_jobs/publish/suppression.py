"""People who must never be contacted again, known by keyed hashes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alluvium import catalog, delta
from alluvium.contact import DEFAULT_REGION
from alluvium.keys import identifier_key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CUSTOMER_ID = "customer_id"
CONTACT_KINDS = ("email", "phone")


@dataclass(frozen=True)
class Suppressed:
    """The suppression list in memory: about 120 MB a million tokens."""

    tokens: frozenset[tuple[str, str]]
    secret: bytes

    def has(self, person: Mapping[str, Any]) -> bool:
        """Whether the person's id, e-mail address or telephone number is on the list."""
        if not self.tokens:
            return False
        if (CUSTOMER_ID, person["customer_id"]) in self.tokens:
            return True
        region = person["country"] or DEFAULT_REGION
        keys = ((kind, identifier_key(kind, person[kind], region, self.secret)) for kind in CONTACT_KINDS)
        return any(key in self.tokens for key in keys)


def load(spark: SparkSession, secret: bytes) -> Suppressed:
    """Read the list."""
    delta.create(spark, catalog.OPS_SUPPRESSIONS)
    rows = delta.read(spark, catalog.OPS_SUPPRESSIONS).select("kind", "token").toLocalIterator()
    return Suppressed(frozenset((row["kind"], row["token"]) for row in rows), secret)
