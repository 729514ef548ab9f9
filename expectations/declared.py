"""What each mart declares about its rows, as queries: one declaration, read by dbt's tests and by the gate.

A mart's yml says with the test `is_sound` which columns are its key and what is true of every row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from alluvium.settings import CHECKOUT

MARTS = CHECKOUT / "dbt_project" / "models" / "marts"
FIGURE = "rows_unsound"


def queries(marts: Path = MARTS) -> dict[str, str]:
    """By table: a query that counts the keys that stand twice, are null, or have a row that breaks a rule."""
    return dict(
        _of_model(file, model)
        for file in sorted(marts.rglob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
        if any(_soundness(model))
    )


def _soundness(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "is_sound" in test:
            yield test["is_sound"]["arguments"]


def _of_model(file: Path, model: Mapping[str, Any]) -> tuple[str, str]:
    (rule,) = _soundness(model)
    name = model.get("config", {}).get("alias", model["name"])
    schema = "pii" if file.parent.name == "pii" else "gold"
    table = f"{schema}.{name}"
    key, condition = rule["key"], rule.get("condition", "true").strip()
    is_null = " ".join(f"OR {column} IS NULL" for column in key)
    broken = f"""
        SELECT 1 FROM {table} GROUP BY {", ".join(key)}
        HAVING count(*) > 1 OR NOT bool_and(coalesce({condition}, false)) {is_null}
    """
    return table, f"SELECT count(*) AS {FIGURE} FROM ({broken}) AS broken"
