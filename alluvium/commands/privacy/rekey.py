"""`alluvium privacy rekey`: begin a new key for one purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from alluvium.errors import UsageError


def rekey(
    purpose: Annotated[
        str | None,
        typer.Option(help="analytics, marketing_ads, ... or vault; without it the keys are listed."),
    ] = None,
    grace_days: Annotated[
        int, typer.Option(min=0, help="How long tokens of the old key are still understood.")
    ] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Rotate the key of a purpose: new tokens are made with a new key, old ones are understood for a while.

    `--purpose vault` wraps every contact key anew and forgets the old master key at once. After a leak give
    `--grace-days 0`. Noted in ops.audit.
    """
    from alluvium.commands.privacy.pseudonyms import known_purposes
    from alluvium.console import console, print_json, table
    from alluvium.privacy import audit, contact_keys, purpose_keys
    from alluvium.settings import get_settings

    settings, today = get_settings(), datetime.now(UTC).date()
    if purpose is not None:
        allowed = [*known_purposes(settings), contact_keys.PURPOSE]
        if purpose not in allowed:
            raise UsageError(f"There is no purpose {purpose!r}", do=f"Known are {', '.join(allowed)}")
        key = purpose_keys.rotate(settings, purpose, today, grace_days)
        audit.note(settings, "privacy.rekey", purpose, f"version {key.version}, {grace_days} days of grace")
        if purpose == contact_keys.PURPOSE:
            count = contact_keys.rewrap(settings)
            purpose_keys.forget(settings, purpose, key.version)
            console.print(f"{count:,} contact keys are wrapped anew; the master key before is gone")
    rows = [
        [name, key.version, "current" if key.ends_on is None else f"until {key.ends_on}"]
        for name in purpose_keys.purposes(settings)
        for key in purpose_keys.versions(settings, name)
        if key.is_good(today)
    ]
    if as_json:
        print_json([dict(zip(("purpose", "version", "good"), row, strict=True)) for row in rows])
        return
    table(None, ["purpose", "version", "good"], rows)
