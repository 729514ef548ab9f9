"""How the columns of a file differ from its contract, told before anything of the batch is written.

CSV, Avro and Parquet name their columns once a file; of JSON the first rows are looked at. A name is only
told when it looks like one: the first line of a file without a header may be a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from alluvium.contracts.contract import Column, Contract
from alluvium.errors import AlluviumError
from spark_jobs.ingest.events import FAILED, PASSED, Event, Severity
from spark_jobs.ingest.landing import Delivery
from spark_jobs.ingest.sampling import Shape, shape_of
from spark_jobs.ingest.store import fetched

ENOUGH_VALUES = 5
ALIKE = 0.6
NAME = re.compile(r"[A-Za-z_$][\w$.\- /]{0,63}")
FORMS = (
    (("tinyint", "smallint", "int", "bigint"), re.compile(r"[+-]?\d+")),
    (("float", "double", "decimal"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")),
    (("date",), re.compile(r"\d{4}-\d{2}-\d{2}")),
    (("timestamp",), re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")),
    (("boolean",), re.compile(r"(?i)true|false|t|f|yes|no|y|n|1|0")),
    (("array",), re.compile(r"(?s)\[.*\]")),
    (("map", "struct"), re.compile(r"(?s)\{.*\}")),
)


@dataclass(frozen=True)
class Drift:
    """What one file has otherwise than its contract."""

    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[str, ...] = ()
    changed_case: tuple[str, ...] = ()
    is_reordered: bool = False
    is_foreign: bool = False  # Not one column of the contract is there.


def compare(shape: Shape, contract: Contract) -> Drift:
    """What differs; nothing for a file in which no column was seen."""
    if not shape.names:
        return Drift()
    paths = {column.path or name: column for name, column in contract.columns.items()}
    tops = list(dict.fromkeys(path.split(".")[0] for path in paths))
    if not {name.casefold() for name in shape.names} & {top.casefold() for top in tops}:
        return Drift(missing=tuple(tops), is_foreign=True)
    by_case = {top.casefold(): top for top in tops}
    unknown = [name for name in shape.names if name not in tops]
    cased = [name for name in unknown if name.casefold() in by_case]
    new = [name for name in unknown if name not in cased]
    there = {name.casefold() for name in shape.names}
    missing = [top for top in tops if top.casefold() not in there and _is_due(top, paths, shape)]
    renamed = list(_renamed(missing, new))
    return Drift(
        new=tuple(name for name in new if name not in {now for _, now in renamed}),
        missing=tuple(name for name in missing if name not in {was for was, _ in renamed}),
        renamed=tuple(renamed),
        retyped=tuple(path for path, column in paths.items() if _is_retyped(shape.values.get(path), column)),
        changed_case=tuple(cased),
        is_reordered=shape.has_order and _in_order(shape.names, tops) != _in_order(tops, shape.names),
    )


def _is_due(top: str, paths: Mapping[str, Column], shape: Shape) -> bool:
    """Whether a column must be seen in every file: of JSON rows, what may be empty may stay away."""
    return not shape.is_sample or any(
        column.required for path, column in paths.items() if path.split(".")[0] == top
    )


def _in_order(names: Sequence[str], among: Sequence[str]) -> list[str]:
    known = {name.casefold() for name in among}
    return [name.casefold() for name in names if name.casefold() in known]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _renamed(missing: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a column that is gone and the new one that is most like it."""
    left = list(new)
    for was in missing:
        scored = [(SequenceMatcher(None, _plain(was), _plain(now)).ratio(), now) for now in left]
        if scored and max(scored)[0] >= ALIKE:
            now = max(scored)[1]
            left.remove(now)
            yield was, now


def _is_retyped(values: Sequence[str] | None, column: Column) -> bool:
    """Whether most values of a sample cannot be of the column's type."""
    form = next((form for kinds, form in FORMS if column.type.startswith(kinds)), None)
    there = [value.strip() for value in values or () if value.strip()]
    if form is None or len(there) < ENOUGH_VALUES:
        return False
    return sum(form.fullmatch(value) is None for value in there) > len(there) / 2


def _told(name: str) -> str:
    return name if NAME.fullmatch(name) else f"a name of {len(name)} characters"


def events_of(drift: Drift, file: str, contract: Contract) -> list[Event]:
    """The same as rows of `ops.checks`. What changes no value has passed."""
    is_exact = contract.files.format != "csv"
    severity: Severity = "stop" if contract.on_new_column == "fail" else "warn"

    def event(kind: str, observed: str, details: str, **more: Any) -> Event:
        return Event(f"drift_{kind}", f"bronze.{contract.name}", observed, f"{file}: {details}", **more)

    if drift.is_foreign:
        return [event("no_known_column", "none", "no column of the contract; has it its header?")]
    found = [
        event("new_column", _told(name), "not in the contract; its values are not kept", severity=severity)
        for name in drift.new
    ]
    found += [event("missing_column", name, "in the contract, not in the file") for name in drift.missing]
    likeness = "by the likeness of the names; `path` reads the new one"
    found += [
        event("renamed_column", f"{was} to {_told(now)}", likeness, severity=severity)
        for was, now in drift.renamed
    ]
    found += [
        event("retyped_column", path, f"most values are not of type {_type(path, contract)}")
        for path in drift.retyped
    ]
    case = "names are matched exactly: the column is empty" if is_exact else "matched all the same"
    found += [
        event("changed_case", _told(name), case, status=FAILED if is_exact else PASSED)
        for name in drift.changed_case
    ]
    if drift.is_reordered:
        found.append(event("reordered_columns", "another order", "columns go by name", status=PASSED))
    return found


def _type(path: str, contract: Contract) -> str:
    return next(column.type for name, column in contract.columns.items() if (column.path or name) == path)


def look(delivery: Delivery, s3_endpoint_url: str | None) -> tuple[list[str], list[Event]]:
    """Names that the contract does not know, sorted, and the events of all files; each event once."""
    new: set[str] = set()
    found: dict[tuple[str, str], Event] = {}
    for file in delivery.files:
        with fetched(file.url, file.tag, s3_endpoint_url) as path:
            drift = compare(shape_of(path, delivery.contract), delivery.contract)
        new |= {_told(name) for name in (*drift.new, *(now for _, now in drift.renamed))}
        for event in events_of(drift, file.name, delivery.contract):
            found.setdefault((event.check_name, event.observed), event)
    return sorted(new), list(found.values())


def refuse(events: Sequence[Event], delivery: Delivery) -> None:
    """Raises AlluviumError when a contract says `on_new_column: fail` and there is a new one."""
    stopping = [event for event in events if event.severity == "stop"]
    if stopping:
        raise AlluviumError(
            f"{delivery.contract.label} has a new column: {', '.join(event.observed for event in stopping)}",
            where=f"{stopping[0].details.split(':')[0]}, run date {delivery.run_date}",
            do="Add it to the contract, or say `on_new_column: keep`",
        )
