"""`alluvium privacy cmp-import`: what a consent platform exported, as choices of the preference centre."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alluvium.errors import AlluviumError


def cmp_import(
    file: Annotated[Path, typer.Argument(help="CSV: one row per person and purpose, or per TC string.")],
    run_date: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it arrived: that night reads it.")
    ],
    purposes: Annotated[
        str,
        typer.Option(help="The platform's names of our purposes, as C0002=analytics,C0004=marketing_ads."),
    ] = "",
) -> None:
    """Land the export of a consent management platform, so that the night of its run date obeys it.

    Columns: subject_id, and email or phone if there; changed_at (ISO 8601); then either purpose and status
    (granted, denied, revoked; also yes/no, true/false, 1/0) or tc_string. A row that cannot be used is named
    with its line and nothing is landed. The same file again lands the same choices.
    """
    from alluvium.console import console
    from alluvium.privacy import audit, cmp_export
    from alluvium.settings import get_settings

    settings = get_settings()
    names = dict(pair.split("=", 1) for pair in purposes.split(",") if "=" in pair)
    choices, mistakes = cmp_export.read(file, names)
    if mistakes:
        shown = "\n".join(f"line {line}: {what}" for line, what in mistakes[:20])
        raise AlluviumError(
            f"{len(mistakes)} rows cannot be used; nothing was landed\n{shown}", where=str(file)
        )
    landed = cmp_export.land(settings, choices, run_date.date(), file)
    audit.note(settings, "privacy.cmp_import", landed.name, f"{len(choices)} choices")
    console.print(
        f"{len(choices):,} choices in {landed}\nThe night of {run_date:%Y-%m-%d} reads them: "
        f"`alluvium night --run-date {run_date:%Y-%m-%d}`"
    )
