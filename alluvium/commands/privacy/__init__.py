"""`alluvium privacy`: what is held about a person, and the proof that it is gone."""

from __future__ import annotations

from collections.abc import Callable

import typer

from alluvium.commands.privacy import access, certificate, hold, pseudonyms
from alluvium.commands.privacy.breakdown import breakdown
from alluvium.commands.privacy.cmp import cmp_import
from alluvium.commands.privacy.consent import consent
from alluvium.commands.privacy.erase import erase
from alluvium.commands.privacy.export import export
from alluvium.commands.privacy.rekey import rekey
from alluvium.commands.privacy.release import release
from alluvium.commands.privacy.retention import retention
from alluvium.commands.privacy.verify import verify

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Erase a person, prove it, and give out what is held."
)

COMMANDS: dict[Callable[..., None], str] = {
    erase: "alluvium privacy erase --subject anna@example.org --dry-run",
    export: "alluvium privacy export --subject anna@example.org --folder ~/anna --identity-checked 'ID seen'",
    consent: "alluvium privacy consent --subject anna@example.org --purpose marketing_email --on 2017-11-01",
    cmp_import: "alluvium privacy cmp-import onetrust.csv --run-date 2017-11-02 --purposes C0002=analytics",
    breakdown: "alluvium privacy breakdown --by region,age_band --k 10",
    release: "alluvium privacy release customers_by_region --month 2017-10",
    rekey: "alluvium privacy rekey --purpose marketing_ads --grace-days 30",
    retention: "alluvium privacy retention --run-date 2017-11-01",
    verify: "alluvium privacy verify --subject anna@example.org",
}
for command, example in COMMANDS.items():
    app.command(epilog=f"Example: {example}")(command)
app.add_typer(certificate.app, name="certificate")
app.add_typer(access.app, name="access")
app.add_typer(hold.app, name="hold")
app.add_typer(pseudonyms.app, name="pseudonyms")
