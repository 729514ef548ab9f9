"""Tables of the identity room: which records are the same person."""

from __future__ import annotations

from alluvium.table import Table

_RECORD = ("string", "Surrogate key of the record: HMAC of source and record id")
_CUSTOMER = ("string", "Stable customer id")
_TIER = ("string", "exact, strict or loose: how sure a link must be")
_PII = (
    "title",
    "first_name",
    "last_name",
    "email",
    "phone",
    "birth_date",
    "street",
    "city",
    "state",
    "postal_code",
)

PII_IDENTITY_RECORDS = Table(
    "pii",
    "identity_records",
    "Standardised contact details of every record of a person, a card or a device, one row per record.",
    key=("record_key",),
    columns={
        "record_key": _RECORD,
        "source": ("string", "Source that holds the record"),
        "record_kind": ("string", "What the record stands for: account, card or device"),
        "title": ("string", "Form of address"),
        "first_name": ("string", "Given name, cleaned; null when missing or a placeholder"),
        "last_name": ("string", "Family name, cleaned; null when missing or a placeholder"),
        "email": ("string", "E-mail address in canonical form"),
        "phone": ("string", "Telephone number, E.164"),
        "birth_date": ("date", "Date of birth; null when missing or a placeholder"),
        "street": ("string", "Street and number, cleaned"),
        "city": ("string", "Town, cleaned"),
        "state": ("string", "State"),
        "postal_code": ("string", "Postal code"),
        "observed_at": ("timestamp", "Time of the newest row of the record"),
        "first_seen_on": ("date", "Day of the oldest row of the record"),
        "loyalty_card_key": ("string", "HMAC of the loyalty card number that the record names"),
        "user_id_key": ("string", "HMAC of the shop account that the record names; null for several"),
        "email_key": ("string", "HMAC of the e-mail address"),
        "phone_key": ("string", "HMAC of the telephone number"),
        "anonymous_id_key": ("string", "HMAC of the device"),
    },
    holds_pii=True,
    unindexed=_PII,
)

IDENTITY_LINKS = Table(
    "identity",
    "links",
    "Why two records are one customer, one row per pair of records and rule.",
    key=("record_key_1", "record_key_2", "rule"),
    columns={
        "record_key_1": ("string", "The record whose key sorts first"),
        "record_key_2": ("string", "The other record"),
        "rule": (
            "string",
            "Kind of the shared identifier, 'similar' for a probabilistic link, "
            "'manual' when somebody decided it",
        ),
        "tier": ("string", "The strictest tier that uses the link: exact, strict or loose"),
        "probability": ("double", "That both are one person, by the model; 1 for a shared identifier"),
        "evidence": (
            "string",
            "Field, level of agreement and bits of each step, JSON, without values",
        ),
    },
)

IDENTITY_CUSTOMER_RECORDS = Table(
    "identity",
    "customer_records",
    "Which customer a record belonged to and when, one row per record, tier and period.",
    key=("record_key", "tier", "valid_from"),
    columns={
        "record_key": _RECORD,
        "source": ("string", "Source that holds the record"),
        "record_kind": ("string", "account, card or device"),
        "customer_id": _CUSTOMER,
        "valid_from": ("date", "First day of the period"),
        "valid_to": ("date", "First day after the period; null while it lasts"),
        "is_current": ("boolean", "Whether the period lasts"),
        "tier": _TIER,
        "opened_on": ("date", "Run date that opened the period"),
    },
)

IDENTITY_CHANGES = Table(
    "identity",
    "changes",
    "What happened to customer ids, one row per run date, tier, customer id, change, other id and record.",
    key=("run_date", "tier", "customer_id", "change", "other_customer_id", "record_key"),
    columns={
        "run_date": ("date", "Night of the change"),
        "tier": _TIER,
        "change": ("string", "created, attached, merged, split or retired"),
        "customer_id": ("string", "The id it happened to"),
        "other_customer_id": (
            "string",
            "merged: id that ended; split: id it came from; retired: successor",
        ),
        "record_key": ("string", "The record that joined, for attached"),
        "cause": ("string", "Why: new_record, restored, merged, parted, no_records"),
        "count_records": ("int", "Records concerned"),
    },
)

IDENTITY_REDIRECTS = Table(
    "identity",
    "redirects",
    "Where an id that ended leads to, one row per ended customer id of the strict tier.",
    key=("old_customer_id",),
    columns={
        "old_customer_id": ("string", "An id that was given once"),
        "customer_id": ("string", "The id of today that holds most of its last records"),
        "changed_on": ("date", "Day on which the old id ended"),
    },
)

IDENTITY_HOUSEHOLDS = Table(
    "identity",
    "households",
    "Customers who share a home: one address and related names, one row per customer who shares one.",
    key=("customer_id",),
    columns={
        "customer_id": ("string", "Customer of the strict tier"),
        "household_id": ("string", "Id of the household; stays while its oldest customer is in it"),
        "count_customers": ("int", "Customers of the household, at least 2"),
    },
)

IDENTITY_REVIEW_QUEUE = Table(
    "identity",
    "review_queue",
    "Doubtful pairs that a person should look at, one row per pair of records.",
    key=("record_key_1", "record_key_2"),
    columns={
        "record_key_1": ("string", "The record whose key sorts first"),
        "record_key_2": ("string", "The other record"),
        "rank": ("int", "1 where a wrong decision would cost most: value at stake times doubt"),
        "reason": ("string", "near_threshold, shared_identifier or contradiction"),
        "probability": ("double", "That both are one person, by the model"),
        "value_at_stake": ("double", "What both customers bought so far, by `review.value` of the rules"),
        "evidence": (
            "string",
            "Field, level of agreement and bits of each step, JSON, without values",
        ),
    },
)

IDENTITY_COMPARED = Table(
    "identity",
    "compared",
    "What the last night compared and decided, so that the next one compares only new and changed records: "
    "one row per record with a name.",
    key=("record_key",),
    columns={
        "record_key": _RECORD,
        "basis": ("string", "Hash of the match model and the rules that the night went by"),
        "number": ("int", "Number of the record in that night"),
        "situation": ("bigint", "Keyed hash of all that bears on the record's place"),
        "strict": ("int", "Smallest number of its strict cluster"),
        "loose": ("int", "Smallest number of its loose cluster"),
        "own_log_odds": ("double", "How sure its place in the strict cluster is, natural logarithm of odds"),
        "partners": ("binary", "Later numbers that it was compared with, 32 bits each, little endian"),
        "levels": ("binary", "Per partner the level of each field, then whether a block holds both"),
    },
)

IDENTITY_RUNS = Table(
    "identity",
    "runs",
    "Runs of identity resolution, one row per run.",
    key=("run_id",),
    columns={
        "run_id": ("string", "Id of the run"),
        "run_date": ("date", "Night"),
        "is_initial": ("boolean", "Whether validity starts at the first event of a record"),
        "model_version": ("string", "Version of the match model: hash of its parameters"),
        "model_run_id": ("string", "Run of the MLflow experiment `identity` that holds the match model"),
        "model": ("string", "Weights of the match model, JSON without personal data"),
        "counts": ("string", "Records, pairs, links, customers, largest customer by tier, JSON"),
        "seconds": ("string", "Duration of each step in seconds, JSON"),
        "finished_at": ("timestamp", "Clock time at the end"),
    },
)

IDENTITY_DECISIONS = Table(
    "identity",
    "decisions",
    "What people decided about two records, one row per decision; the newest of a pair holds.",
    key=("decision_id",),
    columns={
        "decision_id": ("string", "Id of the decision"),
        "record_key_1": ("string", "The record whose key sorts first"),
        "record_key_2": ("string", "The other record"),
        "decision": ("string", "must_link, cannot_link, or forget: no decision any more"),
        "reason": ("string", "Why, in the words of who decided"),
        "decided_by": ("string", "User of the operating system"),
        "decided_at": ("timestamp", "Clock time"),
    },
)
