"""Where each personal column goes: from the source's file to the platforms, read from what makes it go there.

The contracts say where a value comes in and where it lies, the warehouse's yml which golden detail it may
become, and `platforms.yml` which field of whose file that detail fills, under which purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from alluvium.contracts import contract
from alluvium.settings import CHECKOUT, Settings

GOLDEN = CHECKOUT / "dbt_project" / "models" / "marts" / "pii" / "pii_customers.yml"
PLATFORMS = CHECKOUT / "spark_jobs" / "publish" / "platforms.yml"
# What files call otherwise than the golden record.
FIELDS = {"zip": "postal_code", "birth_year": "birth_date", "birth_month": "birth_date"}


@dataclass(frozen=True)
class Flow:
    """One personal column of one source."""

    column: str
    kind: str
    raw_in: str
    keyed_in: str
    golden: str
    exports: tuple[str, ...]


def flows(settings: Settings) -> list[Flow]:
    """Every personal column of every contract, by source."""
    golden, exports = _golden(), _exports()
    return [
        flow for each in contract.load_all(settings.sources) for flow in _of_contract(each, golden, exports)
    ]


def _of_contract(
    each: contract.Contract, golden: frozenset[str], exports: dict[str, tuple[str, ...]]
) -> Iterator[Flow]:
    for name, column in each.columns.items():
        if not column.is_raw_kept_apart:
            continue
        # Only a person's own record becomes a golden detail; a device's or card's row only leads to one.
        detail = name if each.record_kind == "person" and name in golden else ""
        yield Flow(
            column=f"{each.source}.{each.entity}.{name}",
            kind=column.pii or column.identifier or "",
            raw_in=f"pii.{each.name}",
            keyed_in=f"bronze, silver as {name}_key" if column.identifier else "",
            golden=f"pii.customers.{detail}" if detail else "",
            exports=exports.get(detail, ()),
        )


def _golden() -> frozenset[str]:
    [model] = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))["models"]
    return frozenset(column["name"] for column in model["columns"])


def _exports() -> dict[str, tuple[str, ...]]:
    """By golden detail: platform and purpose under which it leaves."""
    platforms: dict[str, Any] = yaml.safe_load(PLATFORMS.read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for name, platform in platforms.items():
        for field in platform["columns"].values():
            found.setdefault(FIELDS.get(field, field), []).append(f"{name} ({platform['purpose']})")
    return {detail: tuple(sorted(set(names))) for detail, names in found.items()}
