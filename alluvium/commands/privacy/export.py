"""`alluvium privacy export`: give a person everything that is held about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from alluvium.errors import UsageError


def export(
    subject: Annotated[str, typer.Option(help="Any identifier of the person: address, number, id.")],
    folder: Annotated[Path, typer.Option(help="Where the two files go; outside the home folder.")],
    identity_checked: Annotated[
        str, typer.Option(help="How you made sure that it is them who ask; noted in ops.audit.")
    ],
) -> None:
    """Write everything held about one person, with source and purpose, as JSON and as a page to read."""
    from alluvium.console import console
    from alluvium.privacy import audit, keys
    from alluvium.settings import get_settings
    from spark_jobs.privacy import export as exports
    from spark_jobs.privacy.lake import Lake
    from spark_jobs.privacy.people import People

    settings = get_settings()
    if folder.expanduser().resolve().is_relative_to(settings.home):
        raise UsageError("A copy in the home folder would need erasure too", do="Name another folder")
    if len(identity_checked.strip()) < 3:
        raise UsageError("Say how the person's identity was checked", do="--identity-checked 'passport seen'")
    lake = Lake(settings)
    person = People(lake, keys.load_secret(keys.key_file(settings))).find("1", subject)
    answer = exports.document(lake, person)
    whom = person.customer_ids[0] if person.customer_ids else person.record_keys[0]
    audit.note(settings, "privacy.export", whom, identity_checked)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in (("data.json", exports.as_json(answer)), ("data.html", exports.as_html(answer))):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    rows = sum(len(part["rows"]) for part in answer["tables"])
    console.print(f"{rows:,} rows of {len(answer['tables'])} tables: {folder / 'data.html'}, data.json")
