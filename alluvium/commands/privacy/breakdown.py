"""`alluvium privacy breakdown`: counts by groups that may leave the team."""

from __future__ import annotations

from typing import Annotated

import typer

from alluvium.errors import UsageError

COLUMNS = ("region", "age_band", "income_band", "household_size", "gender", "language")
COUNTS = """
SELECT {columns}, count(*) AS customers FROM gold.customers WHERE is_analytics_allowed GROUP BY ALL
"""


def breakdown(
    by: Annotated[str, typer.Option(help=f"Up to three of {', '.join(COLUMNS)}, with commas.")],
    k: Annotated[int, typer.Option(min=2, help="No group of fewer people is shown.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Count customers by groups for readers outside the team.

    Groups of fewer than k are left out, and so many others that none of them can be worked out from the
    totals. Only customers whose choices allow analytics are counted. Noted in ops.audit.
    """
    from alluvium.console import console, print_json, table
    from alluvium.lake.lake_sql import View, ask
    from alluvium.privacy import audit
    from alluvium.settings import get_settings
    from spark_jobs.privacy.breakdown import protect

    names = [name.strip() for name in by.split(",")]
    if not 1 <= len(names) <= 3 or set(names) - set(COLUMNS) or len(set(names)) != len(names):
        raise UsageError(f"Cannot break down by {by!r}", do=f"Up to three of {', '.join(COLUMNS)}")
    settings = get_settings()
    columns = ", ".join(f"coalesce(CAST({name} AS VARCHAR), 'unknown') AS {name}" for name in names)
    rows = ask(View(settings), COUNTS.format(columns=columns)).fetchall()
    out = protect({tuple(row[:-1]): row[-1] for row in rows}, k)
    audit.note(settings, "privacy.breakdown", ", ".join(names), f"k = {k}")
    total = out.margins.get(())
    if as_json:
        groups = [
            dict(zip(names, cell, strict=True)) | {"customers": n} for cell, n in sorted(out.cells.items())
        ]
        margins = [
            {names[line[0]]: line[1], "customers": n}
            for line, n in sorted(out.margins.items(), key=str)
            if line
        ]
        print_json({"k": k, "groups": groups, "margins": margins, "total": total})
        return
    shown = [[*cell, "left out" if n is None else n] for cell, n in sorted(out.cells.items())]
    table(None, [*names, "customers"], shown)
    console.print(f"\n{len(out.missing)} of {len(shown)} groups are left out; {total} customers in all.")
