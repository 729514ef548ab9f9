"""From any identifier to one person: all records, ids and identifiers, through the identity graph.

A thousand requests take as many questions as one: whom they are about stands in temporary tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alluvium.contact import is_empty, is_placeholder
from alluvium.contracts import contract as contracts
from alluvium.contracts.contract import Contract
from alluvium.errors import AlluviumError
from alluvium.privacy import keys
from spark_jobs.privacy.lake import Lake

CONTACTS = ("email", "phone")
RECORDS, REDIRECTS = "identity.customer_records", "identity.redirects"
NOW = f"(SELECT customer_id, record_key FROM {RECORDS} WHERE tier = 'strict' AND is_current)"

OF_OTHERS = "WHERE record_key IS NOT NULL AND record_key NOT IN (SELECT record_key FROM own)"
UNREADABLE = "unreadable:"  # No key begins so: they are hexadecimal.

Pairs = set[tuple[str, str]]


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
        found, problems = self.find_all([(subject, value)])
        if problems:
            raise problems[0]
        return found[0]

    def find_all(self, asked: Sequence[tuple[str, str]]) -> tuple[list[Person], list[AlluviumError]]:
        """The people that pairs of subject and identifier lead to, in their order; else what led nowhere."""
        subjects = {str(number): subject for number, (subject, _) in enumerate(asked)}
        wanted = {str(number): value.strip() for number, (_, value) in enumerate(asked)}
        records = self._records_with(wanted)
        customers = _by_subject(self._customers_of(records) | self._known_customers(wanted))
        with_records = {number for number, _ in records}
        checked = (_problem(name, customers[n], n in with_records) for n, name in subjects.items())
        problems = [problem for problem in checked if problem]
        if problems:
            return [], problems
        return self._persons(subjects, records | self._records_of(customers), customers), []

    def _records_with(self, wanted: dict[str, str]) -> Pairs:
        """Request and key of records that carry the value as an identifier of any kind, or as their id.

        Only records of people hold an address; a device that somebody logged in on does not become theirs.
        """
        self._lake.give("wanted", ["subject", "value"], sorted(wanted.items()))
        kinds = sorted({kind for each in self.contracts for kind in each.identifiers.values()})
        keyed = [
            (number, kind, key)
            for number, value in wanted.items()
            for kind in kinds
            if (key := keys.identifier_key(kind, value, secret=self._secret))
        ]
        self._lake.give("asked", ["subject", "kind", "key"], keyed)
        found: Pairs = set()
        if "pii.record_keys" in self._lake.tables:
            query = "SELECT subject, record_key FROM pii.record_keys JOIN wanted ON record_key = value"
            found |= set(self._lake.rows(query))
        for each in self.contracts:
            if not each.record:
                continue
            is_person = each.record_kind == "person"
            for name in each.identifiers if is_person else (each.record,):
                query = (
                    f"SELECT DISTINCT subject, record_key FROM bronze.{each.name} "
                    f"JOIN asked ON {name}_key = key AND kind = ? WHERE record_key IS NOT NULL"
                )
                found |= set(self._lake.rows(query, [each.identifiers[name]]))
        return found

    def _customers_of(self, records: Pairs) -> Pairs:
        if RECORDS not in self._lake.tables:
            return set()
        self._lake.give("found", ["subject", "record_key"], sorted(records))
        query = f"SELECT DISTINCT subject, customer_id FROM {NOW} JOIN found USING (record_key)"
        return set(self._lake.rows(query))

    def _known_customers(self, wanted: dict[str, str]) -> Pairs:
        """The customer id of today behind a customer id."""
        if RECORDS not in self._lake.tables:
            return set()
        query = f"SELECT DISTINCT subject, customer_id FROM {NOW} JOIN wanted ON customer_id = value"
        found = set(self._lake.rows(query))
        if REDIRECTS in self._lake.tables:
            known = {subject for subject, _ in found}
            query = f"SELECT subject, customer_id FROM {REDIRECTS} JOIN wanted ON old_customer_id = value"
            found |= {pair for pair in self._lake.rows(query) if pair[0] not in known}
        return found

    def _records_of(self, customers: dict[str, set[str]]) -> Pairs:
        """All records that the customers have today."""
        pairs = [(subject, customer) for subject, ids in customers.items() for customer in ids]
        self._lake.give("customers", ["subject", "customer_id"], sorted(pairs))
        if not pairs:
            return set()
        query = f"SELECT DISTINCT subject, record_key FROM {NOW} JOIN customers USING (customer_id)"
        return set(self._lake.rows(query))

    def _persons(self, subjects: dict[str, str], own: Pairs, customers: dict[str, set[str]]) -> list[Person]:
        self._lake.give("own", ["subject", "record_key"], sorted(own))
        records, former, sources = _by_subject(own), _by_subject(self._former_ids()), self._sources()
        named = self._identifiers()
        shared = self._shared(named)
        return [
            Person(
                subject=subject,
                customer_ids=tuple(sorted(customers[number] | former[number])),
                record_keys=tuple(sorted(records[number])),
                sources=tuple(sorted(sources[number])),
                identifiers=tuple(sorted({i[:2] for i in named[number] if i[2] not in shared})),
                identifier_keys=tuple(sorted(_keys(named[number]) - shared)),
                count_shared=len({i[2] for i in named[number]} & shared),
            )
            for number, subject in subjects.items()
        ]

    def _former_ids(self) -> Pairs:
        """Ids that led to these customers, and ids of the other tiers that hold nobody else's records."""
        found: Pairs = set()
        if REDIRECTS in self._lake.tables:
            query = f"SELECT subject, old_customer_id FROM {REDIRECTS} JOIN customers USING (customer_id)"
            found |= set(self._lake.rows(query))
        if RECORDS in self._lake.tables:
            query = (
                f"WITH sizes AS (SELECT customer_id, count(*) AS size FROM {RECORDS} GROUP BY customer_id) "
                f"SELECT subject, customer_id FROM {RECORDS} JOIN own USING (record_key) "
                "JOIN sizes USING (customer_id) GROUP BY subject, customer_id, size HAVING count(*) = size"
            )
            found |= set(self._lake.rows(query))
        return found

    def _sources(self) -> dict[str, Pairs]:
        query = "SELECT DISTINCT subject, source, source_id FROM pii.record_keys JOIN own USING (record_key)"
        found: dict[str, Pairs] = defaultdict(set)
        for subject, source, source_id in self._lake.rows(query):
            found[subject].add((source, source_id))
        return found

    def _identifiers(self) -> dict[str, set[tuple[str, str, str]]]:
        """By subject: kind, value and key of every identifier that their records carry.

        An address that cannot be read as one has no key; it names its person all the same, and stands for
        itself with the mark `UNREADABLE`.
        """
        found: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
        for each in self.contracts:
            for name, kind in each.identifiers.items() if each.record else ():
                for subject, value in self._lake.rows(_delivered(each, name)):
                    key = keys.identifier_key(kind, value, each.default_region, self._secret)
                    if key:
                        found[subject].add((kind, value, key))
                    elif not is_empty(value) and not is_placeholder(kind, value):
                        found[subject].add((kind, value, UNREADABLE + value))
        return found

    def _shared(self, named: dict[str, set[tuple[str, str, str]]]) -> set[str]:
        """Identifiers of people who did not ask as well: a family's telephone, a card of two."""
        self._lake.give(
            "named", ["key"], [[k] for k in sorted({i[2] for held in named.values() for i in held})]
        )
        has_unreadable = any(i[2].startswith(UNREADABLE) for held in named.values() for i in held)
        shared: set[str] = set()
        for each in self.contracts:
            if not each.record or each.record_kind != "person":
                continue
            for name in each.identifiers:
                asked = f"SELECT DISTINCT {name}_key FROM bronze.{each.name} JOIN named ON key = {name}_key"
                shared |= {row[0] for row in self._lake.rows(f"{asked} {OF_OTHERS}")}
                if has_unreadable:
                    raw = f"'{UNREADABLE}' || {name}"
                    asked = f"SELECT DISTINCT key FROM pii.{each.name} JOIN named ON key = {raw}"
                    shared |= {row[0] for row in self._lake.rows(f"{asked} {OF_OTHERS}")}
        return shared


def _keys(identifiers: Iterable[tuple[str, str, str]]) -> set[str]:
    return {key for _, _, key in identifiers if not key.startswith(UNREADABLE)}


def _delivered(contract: Contract, name: str) -> str:
    return (
        f"SELECT DISTINCT subject, {name} FROM pii.{contract.name} JOIN own USING (record_key) "
        f"WHERE {name} IS NOT NULL"
    )


def _by_subject(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for subject, value in pairs:
        found[subject].add(value)
    return found


def _problem(subject: str, customers: set[str], has_records: bool) -> AlluviumError | None:
    if len(customers) > 1:
        return AmbiguousError(
            f"Request {subject}: {len(customers)} customers have that identifier",
            do=f"Name one of them: {', '.join(sorted(customers))}",
        )
    if not customers and not has_records:
        return AlluviumError(f"Request {subject}: nobody here has that identifier")
    return None


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
