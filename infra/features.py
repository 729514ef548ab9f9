"""Write docs/reference/features.md: every feature of a customer with its meaning, window and unit.

Run as `python -m infra.features`. Made from the mart's yml and the `params.yml` of the models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import yaml

from alluvium.settings import CHECKOUT

TARGET = CHECKOUT / "docs" / "reference" / "features.md"
MART = CHECKOUT / "dbt_project" / "models" / "marts" / "features" / "customer_features.yml"
MODELS = CHECKOUT / "models"
KEYS = ("customer_id", "as_of_date")
WINDOW = re.compile(r"(?<!_over)_(\d+)(d|w)$")
AS_SAID = re.compile(r",? (?:in|during) the last \d+ days")
SEVERAL = 3
# The first that fits; everything else is a count.
UNITS = {
    "preferred_*_share": "share, 0 to 1",
    "*_shares": "list of department and share",
    "preferred_weekday": "weekday, 1 to 7",
    "preferred_hour": "hour, 0 to 23",
    "preferred_*": "name",
    "*_share": "share, 0 to 1",
    "*_entropy": "bits",
    "*_over_*": "ratio",
    "*days*": "days",
    "order_days": "days",
    "*spend": "money",
    "*discount": "money",
    "visits_decayed": "visits",
}


@dataclass(frozen=True)
class Feature:
    """One column of the mart."""

    name: str
    meaning: str

    @property
    def base(self) -> str:
        """The name without its window."""
        return WINDOW.sub("", self.name)

    @property
    def window(self) -> str:
        """How far back it looks, in words; empty when the meaning says it."""
        found = WINDOW.search(self.name)
        return f"{found[1]} {'days' if found[2] == 'd' else 'weeks'}" if found else ""

    @property
    def unit(self) -> str:
        """What one is counted in."""
        return next((unit for pattern, unit in UNITS.items() if fnmatch(self.base, pattern)), "count")


def _families() -> Iterator[list[Feature]]:
    """Measures that stand in all windows together, everything else alone, in the order of the mart."""
    model = yaml.safe_load(MART.read_text(encoding="utf-8"))["models"][0]
    columns = [
        Feature(column["name"], " ".join(column["description"].split()))
        for column in model["columns"]
        if column["name"] not in KEYS
    ]
    families: dict[str, list[Feature]] = {}
    for feature in columns:
        families.setdefault(feature.base, []).append(feature)
    for family in families.values():
        yield from [family] if len(family) >= SEVERAL else [[feature] for feature in family]


def _line(family: list[Feature]) -> str:
    first, is_one = family[0], len(family) == 1
    name = first.name if is_one else f"{first.base}_<n>d"
    meaning = first.meaning if is_one else AS_SAID.sub("", first.meaning)
    window = first.window if is_one else ", ".join(f.window.split()[0] for f in family) + " days"
    return f"| `{name}` | {meaning} | {window or 'as in the meaning'} | {first.unit} |"


def _excluded() -> Iterator[str]:
    for file in sorted(MODELS.glob("*/params.yml")):
        names = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("excluded_features")
        if names is not None:
            yield f"- {file.parent.name}: " + ", ".join(f"`{name}`" for name in names)


def page() -> str:
    """The whole page."""
    parts = [
        "# The features of a customer",
        "Made by `python -m infra.features`; do not edit. `gold.customer_features` has one row per customer "
        "and as-of date. Everything lies strictly before it: a window of 7 days is the day before and the "
        "six before that. Days are days of the shop; money is in its currency and as paid, after discounts.",
        "| feature | meaning | window | unit |\n|---|---|---|---|\n" + "\n".join(map(_line, _families())),
        "Models take every numeric feature, except",
        "\n".join(_excluded()),
    ]
    return "\n\n".join(parts) + "\n"


def main(target: Path = TARGET) -> None:
    """Write the page."""
    target.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
