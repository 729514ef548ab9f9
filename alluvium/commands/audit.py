"""`alluvium audit`: who did what, and whether the trail is whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The trail of acts that need a witness.")
MOST_SHOWN = 50


@app.callback()
def trail() -> None:
    """The trail of acts that need a witness."""


@app.command(epilog="Example: alluvium audit verify --json")
def verify(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Check every act against its hash, the act before and the signed heads. Ends with 1 if one is wrong."""
    from alluvium import catalog
    from alluvium.lake import ledger
    from alluvium.privacy import audit

    settings = get_settings()
    found = audit.verify(settings)
    count = ledger.read(catalog.OPS_AUDIT, settings).num_rows
    if as_json:
        print_json({"acts": count, "problems": [asdict(each) for each in found]})
    elif found:
        table(None, ["act", "what is wrong"], [[e.sequence, e.what] for e in found[:MOST_SHOWN]])
    else:
        console.print(f"{count:,} acts: nothing was changed, taken out, moved or cut off")
    if found:
        raise AlluviumError(f"The audit trail is not whole: {len(found)} problems")
