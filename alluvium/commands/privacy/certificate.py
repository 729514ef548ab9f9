"""`alluvium privacy certificate`: show and check what an erasure was certified with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import get_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Certificates of erasures.")


@app.command(epilog="Example: alluvium privacy certificate show 20171103T101500-5f3a9c01")
def show(request: Annotated[str, typer.Argument(help="Id of the erasure.")]) -> None:
    """Print a certificate, to be handed over."""
    from alluvium.console import print_json
    from spark_jobs.privacy import certificate

    found = certificate.find(get_settings(), request)
    if found is None:
        raise AlluviumError(f"There is no certificate of {request}", do="Did the erasure end?")
    print_json(found)


@app.command(epilog="Example: alluvium privacy certificate verify certificate.json --public-key 9f3c...")
def verify(
    certificate: Annotated[str, typer.Argument(help="A file, or the id of an erasure.")],
    public_key: Annotated[
        str | None, typer.Option(help="The key as you keep it; without it the key of this home.")
    ] = None,
) -> None:
    """Check that a certificate is as it was signed. Ends with 1 when it is not."""
    from alluvium.console import console
    from spark_jobs.privacy import certificate as certificates

    settings = get_settings()
    found = (
        json.loads(Path(certificate).read_text(encoding="utf-8"))
        if Path(certificate).is_file()
        else certificates.find(settings, certificate)
    )
    if found is None:
        raise UsageError(f"{certificate} is neither a file nor the id of a certified erasure")
    wrong = certificates.problems(settings, found, public_key)
    if wrong:
        raise AlluviumError(f"The certificate is not sound: {'; '.join(wrong)}")
    console.print(f"Sound: {found['people']} people erased at {found['erased_at']}, 0 findings")
