"""`alluvium privacy access`: who may read what, and whether storage says the same."""

from __future__ import annotations

from typing import Annotated

import typer

from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Who may read what, by role.")


@app.command(epilog="Example: alluvium privacy access show")
def show() -> None:
    """Print the table of grants: infra/access/grants.csv."""
    from alluvium.console import table
    from alluvium.privacy import access

    rows = [
        [place.name, *("read" if role in place.readers else "" for role in access.ROLES), place.why]
        for place in access.places()
    ]
    table(None, ["place", *access.ROLES, "why"], rows)


@app.command(epilog="Example: alluvium privacy access check --json")
def check(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Compare the folders on disk with the table of grants. Ends with 1 when one is open too wide."""
    from alluvium.console import print_json, table
    from alluvium.privacy import access

    found = access.check(get_settings())
    rows = [[each.place.name, f"{each.mode:04o}", each.group, each.problem] for each in found]
    columns = ["place", "mode", "group", "problem"]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(None, columns, rows)
    wrong = [each for each in found if each.problem]
    if wrong:
        raise AlluviumError(
            f"{len(wrong)} places are open wider than the table of grants says",
            do="`alluvium privacy access apply` closes them",
        )


@app.command(epilog="Example: alluvium privacy access apply")
def apply() -> None:
    """Close every folder to all but its owner and its group, as the table of grants says."""
    from alluvium.console import console
    from alluvium.privacy import access, audit

    settings = get_settings()
    found = access.apply(settings)
    audit.note(settings, "privacy.access", f"{len(found)} places closed", None)
    alone = [each.place.group for each in found if each.place.readers and each.group != each.place.group]
    console.print(f"{len(found)} places are as the table says")
    if alone:
        console.print(
            "No such group on this machine, so only the owner reads there: "
            f"{', '.join(alone)}\nMake a group with `groupadd`, put people in with `usermod -aG`, and repeat"
        )


@app.command(epilog="Example: alluvium privacy access s3 --role analyst --bucket acme-lake")
def s3(
    role: Annotated[str, typer.Option(help="engineer, analyst, marketer, support or privacy_officer.")],
    bucket: Annotated[str, typer.Option(help="Name of the bucket that the home lies in.")],
) -> None:
    """Print the IAM policy of a role."""
    from alluvium.console import print_json
    from alluvium.privacy import access

    if role not in access.ROLES:
        raise UsageError(f"There is no role {role!r}", do=f"Roles are {', '.join(access.ROLES)}")
    print_json(access.s3_policy(role, bucket))
