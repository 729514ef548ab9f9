"""The reason codes of rows that are not accepted. A code never carries a value of the row."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from alluvium.tables.ingest import SUPPRESSED_REASONS

UNREADABLE_FILE = "unreadable_file"  # One for the whole file: damaged, truncated, not what its contract says.
NOT_UTF8 = "not_utf8"
MALFORMED_ROW = "malformed_row"  # Not JSON, or a number of CSV fields that is not the header's.
REPEATED_FIELD = "repeated_field"  # A JSON name that stands twice: parsers disagree on which one counts.
BATCH_REFUSED = "batch_refused"  # A good row of a batch with more bad rows than its contract allows.

# The row itself says that it may not be used, or is about somebody who was erased after it happened. Nothing
# is wrong with such rows; they are not ours to keep: counted, and nothing of them stays.
NO_CONSENT, ERASED = SUPPRESSED = SUPPRESSED_REASONS


def missing(column: str) -> str:
    """A required column without a value."""
    return f"missing:{column}"


def wrong_type(column: str) -> str:
    """A value that is not of the contract's type."""
    return f"wrong_type:{column}"


def not_allowed(column: str) -> str:
    """A value outside the contract's list or pattern."""
    return f"not_allowed:{column}"


def out_of_range(column: str) -> str:
    """A value below `min` or above `max`."""
    return f"out_of_range:{column}"


def unknown(column: str) -> str:
    """A value that the silver table that the contract refers to does not have."""
    return f"unknown:{column}"


def no_such_time(column: str) -> str:
    """A local time that the clocks skipped when summer time began."""
    return f"no_such_time:{column}"


def in_future(column: str) -> str:
    """An event after the run date's end."""
    return f"in_future:{column}"


def too_late(column: str) -> str:
    """An event older than the contract's limit on lateness."""
    return f"too_late:{column}"


def is_suppressed() -> Column:
    """Whether a judged row may not be kept, whatever else is wrong with it."""
    return F.arrays_overlap("_reasons", F.array(*[F.lit(code) for code in SUPPRESSED]))
