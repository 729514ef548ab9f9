"""As `spark_jobs.ingest.counting`, for judged rows that are here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from alluvium.contracts.contract import Contract
from spark_jobs.ingest import reasons
from spark_jobs.ingest.counting import Counts

_PLACE = "_place"


def is_good(rows: pa.Table) -> pa.Table:
    """The rows without a reason against them."""
    return rows.filter(pc.equal(pc.list_value_length(rows["_reasons"]), 0))


def is_bad(rows: pa.Table) -> pa.Table:
    """The rows with a reason against them."""
    return rows.filter(pc.greater(pc.list_value_length(rows["_reasons"]), 0))


def is_suppressed(found: Sequence[str]) -> bool:
    """As `reasons.is_suppressed`, of the reasons against one row."""
    return not set(reasons.SUPPRESSED).isdisjoint(found)


def first_of_each(ordered: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The first row of each value of the columns."""
    places = pa.array(range(ordered.num_rows), pa.int64())
    narrow = ordered.select(list(columns)).append_column(_PLACE, places)
    firsts = narrow.group_by(list(columns)).aggregate([(_PLACE, "min")])[f"{_PLACE}_min"]
    return ordered.take(firsts.take(pc.sort_indices(firsts)))


def first_copies(rows: pa.Table) -> pa.Table:
    """One row per row hash: of copies, the first by file and row number."""
    order = [("_source_file", "ascending"), ("_row_number", "ascending")]
    places = pc.sort_indices(rows, sort_keys=order)
    return first_of_each(rows.take(places), ["_row_hash"])


def count(rows: pa.Table, contract: Contract) -> tuple[Counts, pa.Table]:
    """How many rows a batch has of each kind, and its rows with every payload once."""
    once = first_copies(rows)
    good, bad = is_good(once), is_bad(once)
    counts = Counts(
        rows_read=rows.num_rows,
        rows_accepted=good.num_rows,
        rows_quarantined=bad.num_rows,
        rows_duplicate=rows.num_rows - once.num_rows,
        rows_conflicting=_conflicting(good, contract),
        rows_suppressed=sum(map(is_suppressed, bad["_reasons"].to_pylist())),
    )
    return counts, once


def _conflicting(good: pa.Table, contract: Contract) -> int:
    """Rows that share their key with another payload."""
    keys = list(contract.silver_key)
    if not good.num_rows:
        return 0
    payloads = good.group_by(keys).aggregate([([], "count_all")])["count_all"]
    return int(pc.sum(payloads.filter(pc.greater(payloads, 1))).as_py() or 0)


def count_reasons(rows: pa.Table) -> dict[str, int]:
    """Rows by reason, copies among them; a row with two reasons counts under both."""
    found = Counter(reason for every in is_bad(rows)["_reasons"].to_pylist() for reason in every)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
