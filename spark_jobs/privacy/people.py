"""From any identifier to one person: all records, ids and identifiers, through the identity graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alluvium import contract as contracts
from alluvium import keys
from alluvium.contract import Contract
from alluvium.errors import AlluviumError
from spark_jobs.privacy.lake import Lake

CONTACTS = ("email", "phone")


class AmbiguousError(AlluviumError):
    """An identifier that several customers have."""


@dataclass(frozen=True)
class Person:
    """Whom one request is about. `identifiers`: kind and value as delivered, if nobody else has them."""

    subject: str
    customer_ids: tuple[str, ...]
    record_keys: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    identifiers: tuple[tuple[str, str], ...]
    identifier_keys: tuple[str, ...]
    count_shared: int = 0


class People:
    """Finds people in one lake; the tables are opened once for all of them."""

    def __init__(self, lake: Lake, secret: bytes) -> None:
        self._lake, self._secret = lake, secret
        there = set(lake.tables)
        self.contracts = [
            each
            for each in contracts.load_all(lake.settings.sources)
            if f"bronze.{each.name}" in there and each.has_pii
        ]

    def find(self, subject: str, value: str) -> Person:
        """The person an identifier leads to.

        Raises AlluviumError when nobody has it, AmbiguousError when several customers do.
        """
        records = self._records_with(value.strip())
        customers = self._customers_of(records) | self._known_customers(value.strip())
        if len(customers) > 1:
            raise AmbiguousError(
                f"Request {subject}: {len(customers)} customers have that identifier",
                do=f"Name one of them: {', '.join(sorted(customers))}",
            )
        if not customers and not records:
            raise AlluviumError(f"Request {subject}: nobody here has that identifier")
        return self._person(subject, records, customers)

    def _keys_of(self, value: str) -> dict[str, str]:
        """The identifier key of the value for every kind that the contracts know."""
        kinds = {kind for each in self.contracts for kind in each.identifiers.values()}
        found = {kind: keys.identifier_key(kind, value, secret=self._secret) for kind in sorted(kinds)}
        return {kind: key for kind, key in found.items() if key}

    def _records_with(self, value: str) -> set[str]:
        """Record keys of rows that carry the value as an identifier of any kind, or as their record's id.

        Only records of people hold an address; a device that somebody logged in on does not become theirs.
        """
        by_kind = self._keys_of(value)
        found: set[str] = {value} if self._has_record(value) else set()
        for each in self.contracts:
            if not each.record:
                continue
            named = (
                each.identifiers.items()
                if each.record_kind == "person"
                else [(each.record, each.identifiers[each.record])]
            )
            wanted = [(f"{name}_key", by_kind[kind]) for name, kind in named if kind in by_kind]
            for column, key in wanted:
                query = f"SELECT DISTINCT record_key FROM bronze.{each.name} WHERE {column} = ?"
                found |= {row[0] for row in self._lake.rows(query, [key]) if row[0]}
        return found

    def _has_record(self, value: str) -> bool:
        query = "SELECT 1 FROM pii.record_keys WHERE record_key = ? LIMIT 1"
        return "pii.record_keys" in self._lake.tables and bool(self._lake.rows(query, [value]))

    def _customers_of(self, records: set[str]) -> set[str]:
        if "identity.customer_records" not in self._lake.tables:
            return set()
        self._lake.give("asked", ["record_key"], [[key] for key in sorted(records)])
        query = (
            "SELECT DISTINCT customer_id FROM identity.customer_records "
            "INNER JOIN asked USING (record_key) WHERE tier = 'strict' AND is_current"
        )
        return {row[0] for row in self._lake.rows(query)}

    def _known_customers(self, value: str) -> set[str]:
        """The customer id of today behind a customer id."""
        if "identity.customer_records" not in self._lake.tables:
            return set()
        query = (
            "SELECT DISTINCT customer_id FROM identity.customer_records "
            "WHERE customer_id = ? AND tier = 'strict' AND is_current"
        )
        found = {row[0] for row in self._lake.rows(query, [value])}
        if not found and "identity.redirects" in self._lake.tables:
            query = "SELECT customer_id FROM identity.redirects WHERE old_customer_id = ?"
            found = {row[0] for row in self._lake.rows(query, [value])}
        return found

    def _person(self, subject: str, records: set[str], customers: set[str]) -> Person:
        if customers:
            query = (
                "SELECT DISTINCT record_key FROM identity.customer_records "
                "WHERE customer_id = ? AND tier = 'strict' AND is_current"
            )
            records = records | {row[0] for row in self._lake.rows(query, [min(customers)])}
        self._lake.give("own", ["record_key"], [[key] for key in sorted(records)])
        named, shared = self._identifiers()
        return Person(
            subject=subject,
            customer_ids=tuple(sorted(customers | self._former_ids(customers))),
            record_keys=tuple(sorted(records)),
            sources=self._sources(),
            identifiers=tuple(sorted({(kind, value) for kind, value, _ in named})),
            identifier_keys=tuple(sorted({key for _, _, key in named})),
            count_shared=len(shared),
        )

    def _former_ids(self, customers: set[str]) -> set[str]:
        """Ids that led to this customer, and ids of the other tiers that hold nobody else's records."""
        found: set[str] = set()
        if customers and "identity.redirects" in self._lake.tables:
            query = "SELECT old_customer_id FROM identity.redirects WHERE customer_id = ?"
            found |= {row[0] for row in self._lake.rows(query, [min(customers)])}
        if "identity.customer_records" in self._lake.tables:
            query = (
                "SELECT customer_id FROM identity.customer_records LEFT JOIN own USING (record_key) "
                "GROUP BY customer_id HAVING count(*) = count(own.record_key)"
            )
            found |= {row[0] for row in self._lake.rows(query)}
        return found

    def _sources(self) -> tuple[tuple[str, str], ...]:
        query = "SELECT DISTINCT source, source_id FROM pii.record_keys INNER JOIN own USING (record_key)"
        return tuple(sorted(self._lake.rows(query)))

    def _identifiers(self) -> tuple[set[tuple[str, str, str]], set[str]]:
        """Kind, value and key of the person's identifiers, and the keys that somebody else has as well."""
        found: set[tuple[str, str, str]] = set()
        for each in self.contracts:
            if each.record:
                found |= self._delivered(each)
        self._lake.give("named", ["key"], [[key] for key in sorted({key for _, _, key in found})])
        shared = self._shared()
        return {item for item in found if item[2] not in shared}, shared

    def _delivered(self, contract: Contract) -> set[tuple[str, str, str]]:
        found = set()
        for name, kind in contract.identifiers.items():
            query = (
                f"SELECT DISTINCT {name} FROM pii.{contract.name} INNER JOIN own USING (record_key) "
                f"WHERE {name} IS NOT NULL"
            )
            for (value,) in self._lake.rows(query):
                key = keys.identifier_key(kind, value, contract.default_region, self._secret)
                if key:
                    found.add((kind, value, key))
        return found

    def _shared(self) -> set[str]:
        """Identifiers that records of other people name as well: a family's telephone, a card of two."""
        shared: set[str] = set()
        for each in self.contracts:
            if not each.record or each.record_kind != "person":
                continue
            for name in each.identifiers:
                query = (
                    f"SELECT DISTINCT {name}_key FROM bronze.{each.name} "
                    f"INNER JOIN named ON named.key = {name}_key "
                    "WHERE record_key IS NOT NULL AND record_key NOT IN (SELECT record_key FROM own)"
                )
                shared |= {row[0] for row in self._lake.rows(query)}
        return shared


def as_json(person: Person) -> dict[str, Any]:
    """Plain values, for the file that lets an erasure go on after a kill."""
    return {name: getattr(person, name) for name in Person.__dataclass_fields__}


def from_json(values: dict[str, Any]) -> Person:
    """The person that `as_json` wrote."""
    return Person(
        subject=values["subject"],
        customer_ids=tuple(values["customer_ids"]),
        record_keys=tuple(values["record_keys"]),
        sources=_pairs(values["sources"]),
        identifiers=_pairs(values["identifiers"]),
        identifier_keys=tuple(values["identifier_keys"]),
        count_shared=values["count_shared"],
    )


def _pairs(values: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in values)
