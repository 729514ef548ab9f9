"""Who is in which segment, and who was sent where."""

from __future__ import annotations

from alluvium.table import Table

_SEGMENT = ("string", "Name of the segment: its file without `.sql`")
_PLATFORM = ("string", "Where the file is for: email, meta, google, ...")
_VERSION = ("string", "First 12 hex digits of the git hash of the definition's content")

PUBLISHED_SEGMENT_MEMBERS = Table(
    schema="published",
    name="segment_members",
    comment="Who was in which segment when, one row per segment, customer and stay.",
    key=("segment", "customer_id", "entered_at"),
    columns={
        "segment": _SEGMENT,
        "customer_id": ("string", "The customer"),
        "entered_at": ("timestamp", "Run date of the night that let the customer in, 00:00 UTC"),
        "left_at": (
            "timestamp",
            "Run date of the night that no longer found the customer; null while in",
        ),
        "definition_version": _VERSION,
        "run_date": ("date", "The night that wrote this row last"),
    },
)

PUBLISHED_SEGMENT_RUNS = Table(
    schema="published",
    name="segment_runs",
    comment="What each night decided about each segment, one row per run date and segment.",
    key=("run_date", "segment"),
    columns={
        "segment": _SEGMENT,
        "run_date": ("date", "The night; of a refresh the night to come"),
        "as_of": ("timestamp", "First moment not seen, of a refresh within the day; null for a night"),
        "status": ("string", "decided, held (a guard kept the membership of the night before) or retired"),
        "reason": ("string", "Which bound was broken, when held"),
        "size": ("bigint", "Members after the night"),
        "entered": ("bigint", "Members that the definition adds; not applied when held"),
        "left": ("bigint", "Members that the definition drops; not applied when held"),
        "found": ("bigint", "Customers that the definition gives"),
        "definition_version": _VERSION,
        "owner": ("string", "Who answers for the segment"),
        "allowed_purposes": ("string", "Consent purposes that it may be used for, separated by commas"),
        "holdout": ("double", "Share of the members who are not sent, to measure the effect"),
        "priority_group": ("string", "Segments that exclude each other; null for a segment of its own"),
        "priority_place": ("bigint", "Its place in the group; the lowest goes first"),
        "inputs": (
            "string",
            "Run date of a refresh and the versions of the tables it read, as JSON; null for a night",
        ),
    },
)

PUBLISHED_SEGMENT_DEFINITIONS = Table(
    schema="published",
    name="segment_definitions",
    comment="Every definition that was ever decided, as it was written, one row per segment and version.",
    key=("segment", "version"),
    columns={
        "segment": _SEGMENT,
        "version": _VERSION,
        "file": ("string", "Its file: <segment>.sql or <segment>.yml"),
        "text": ("string", "What the file said"),
        "first_run_date": ("date", "The first night that decided it"),
    },
)

PUBLISHED_SEGMENT_PROPOSALS = Table(
    schema="published",
    name="segment_proposals",
    comment=(
        "Which bound would bring a segment to its target rate, one row per run date and segment. "
        "Nothing is ever applied."
    ),
    key=("run_date", "segment"),
    columns={
        "segment": _SEGMENT,
        "run_date": ("date", "The night that looked"),
        "definition_version": _VERSION,
        "outcome": ("string", "What members should do: ordered, redeemed or clicked"),
        "target_rate": ("double", "Share of them who should"),
        "in_days": ("bigint", "Within so many days"),
        "evidence_night": ("date", "The night whose customers were followed"),
        "by": ("string", "The column whose bound is looked at"),
        "bound_now": ("double", "The bound of the definition"),
        "customers_now": ("bigint", "Customers whom that bound gave on the evidence night"),
        "rate_now": ("double", "Share of them who did it"),
        "bound_proposed": ("double", "Loosest bound that reaches the target; null when none does"),
        "customers_proposed": ("bigint", "Customers whom it would have given"),
        "rate_proposed": ("double", "Share of those who did it, of the half that did not choose the bound"),
        "rate_low": ("double", "95 % interval of that share (Wilson), lower end"),
        "rate_high": ("double", "95 % interval of that share, upper end"),
        "verdict": ("string", "propose, keep (the bound reaches its target) or none (nothing reaches it)"),
    },
)

PUBLISHED_AUDIENCE_MEMBERS = Table(
    schema="published",
    name="audience_members",
    comment="Who was with which platform when, one row per segment, platform, customer and stay.",
    key=("segment", "platform", "customer_id", "entered_at"),
    columns={
        "segment": _SEGMENT,
        "platform": _PLATFORM,
        "purpose": ("string", "Consent purpose under which the customer was sent"),
        "customer_id": ("string", "The customer"),
        "entered_at": ("timestamp", "Run date of the first file that held the customer, 00:00 UTC"),
        "left_at": ("timestamp", "Run date of the file that took the customer back; null while there"),
        "definition_version": _VERSION,
        "run_date": ("date", "The night that wrote this row last"),
    },
)

PUBLISHED_AUDIENCE_DRAFTS = Table(
    schema="published",
    name="audience_drafts",
    comment=(
        "Who would be with which platform after the night, for the gate before the files go out, "
        "one row per segment, platform and customer of the last night."
    ),
    key=("segment", "platform", "customer_id"),
    columns={
        "segment": _SEGMENT,
        "platform": _PLATFORM,
        "purpose": ("string", "Consent purpose of the delivery"),
        "customer_id": ("string", "The customer"),
        "entered_at": ("timestamp", "Run date of the first file with the customer, 00:00 UTC"),
        "written_left_at": ("timestamp", "What an earlier attempt of this night wrote as left_at"),
        "definition_version": _VERSION,
        "move": ("string", "entered, stayed, left, or held_out (would enter but for the experiment)"),
        "run_date": ("date", "The night"),
    },
)

PUBLISHED_AUDIENCE_HOLDOUTS = Table(
    schema="published",
    name="audience_holdouts",
    comment=(
        "Who would have been sent and was kept out, so that the effect can be measured, "
        "one row per segment, platform and customer."
    ),
    key=("segment", "platform", "customer_id"),
    columns={
        "segment": _SEGMENT,
        "platform": _PLATFORM,
        "customer_id": ("string", "The customer"),
        "held_since": ("date", "The first night that kept the customer out"),
        "definition_version": _VERSION,
    },
)

PUBLISHED_AUDIENCE_DELIVERIES = Table(
    schema="published",
    name="audience_deliveries",
    comment="What each night did with each delivery, one row per run date, segment and platform.",
    key=("run_date", "segment", "platform"),
    columns={
        "delivery_key": ("string", "Idempotency key: the same files to the same place have the same one"),
        "run_date": ("date", "The night"),
        "segment": _SEGMENT,
        "platform": _PLATFORM,
        "purpose": ("string", "Consent purpose of the delivery"),
        "definition_version": _VERSION,
        "status": (
            "string",
            "delivered; held, refused or ended (only removals were sent); blocked (nothing was)",
        ),
        "reason": ("string", "Why it is not `delivered`"),
        "count_members": ("bigint", "Members of the segment"),
        "count_without_consent": ("bigint", "Members left out: no granted consent as of the run date"),
        "count_suppressed": ("bigint", "Members left out: on the suppression list"),
        "count_held_out": ("bigint", "Members left out on purpose, to measure the effect"),
        "count_capped": ("bigint", "Members left out: contacted often enough, or within their quiet days"),
        "count_rejected": ("bigint", "Members left out: no usable address for this platform"),
        "count_exported": ("bigint", "Customers in the files"),
        "count_added": ("bigint", "Of those, not with the platform before"),
        "count_removed": ("bigint", "Customers taken back"),
        "count_before": ("bigint", "Customers with the platform before the night"),
        "match_rate": ("double", "Share of the allowed members with a usable identifier"),
        "destination": ("string", "Folder, or address in the object store"),
        "receipt": ("string", "What the destination answered for the manifest; null for a folder"),
    },
)

OPS_SUPPRESSIONS = Table(
    schema="ops",
    name="suppressions",
    comment="Who must never be contacted again, without saying who it is, one row per token.",
    key=("kind", "token"),
    columns={
        "kind": ("string", "email or phone (keyed hash of the normal form), or customer_id"),
        "token": ("string", "The keyed hash, or the customer id"),
        "reason": ("string", "erased, unsubscribed, bounced or complaint"),
        "suppressed_at": ("timestamp", "Since when, UTC"),
    },
    retention_days=None,
)
