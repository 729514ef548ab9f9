"""`alluvium privacy pseudonyms`: give rows to others without customer ids, and take theirs back in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alluvium.errors import AlluviumError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from alluvium.settings import Settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Tokens in place of customer ids, other ones per purpose.",
)
CUSTOMER_ID, TOKEN = "customer_id", "token"
PURPOSES = "SELECT purpose FROM seeds.purposes ORDER BY purpose"


def known_purposes(settings: Settings) -> list[str]:
    """The purposes of the seed. Raises AlluviumError before the first night."""
    from alluvium.lake.lake_sql import View, ask, tables

    if "seeds.purposes" not in tables(View(settings)):
        raise AlluviumError("No purposes are known yet", do="They come with the first night")
    return [row[0] for row in ask(View(settings), PURPOSES).fetchall()]


def _checked(settings: Settings, purpose: str) -> str:
    known = known_purposes(settings)
    if purpose not in known:
        raise UsageError(f"There is no purpose {purpose!r}", do=f"Known are {', '.join(known)}")
    return purpose


EXAMPLE = (
    "alluvium privacy pseudonyms export --purpose marketing_ads "
    "--query 'select customer_id, rfm_group from gold.customer_rfm' --file agency.csv"
)


@app.command(epilog=f"Example: {EXAMPLE}")
def export(
    purpose: Annotated[str, typer.Option(help="What the rows are given out for, as in seeds.purposes.")],
    query: Annotated[str, typer.Option(help="One query whose answer has a column customer_id.")],
    file: Annotated[Path, typer.Option(help="CSV file to write.")],
    contact: Annotated[
        list[str] | None, typer.Option(help="Add a token of the address, `email` or `phone`, to match by.")
    ] = None,
) -> None:
    """Answer a query with a token in place of each customer id, for those whose choices allow the purpose.

    While the key before is in its grace a column former_token gives the token of before, so that what was
    given out earlier still joins. Noted in ops.audit.
    """
    from alluvium.commands.sql import flat
    from alluvium.console import console
    from alluvium.lake.lake_sql import View, ask
    from alluvium.privacy import audit
    from alluvium.settings import get_settings

    settings = get_settings()
    _checked(settings, purpose)
    rows = ask(View(settings), query).to_arrow_table()
    if CUSTOMER_ID not in rows.column_names:
        raise UsageError(f"The answer has no column {CUSTOMER_ID}", do="Select it: it becomes the token")
    from alluvium.commands.privacy import pseudonym_rows

    allowed, left_out = pseudonym_rows.allowed(settings, rows, purpose)
    given = pseudonym_rows.with_tokens(settings, allowed, purpose, contact or [], _today())
    import pyarrow.csv as pc

    pc.write_csv(flat(given), file)
    audit.note(settings, "privacy.pseudonyms", purpose, f"{given.num_rows} rows to {file.name}")
    console.print(
        f"{given.num_rows:,} rows in {file}; {left_out:,} rows left out, whose choices do not allow {purpose}"
    )


@app.command(
    epilog="Example: alluvium privacy pseudonyms resolve back.csv --purpose marketing_ads --file ids.csv"
)
def resolve(
    tokens: Annotated[Path, typer.Argument(help="CSV with a column token.")],
    purpose: Annotated[str, typer.Option(help="What the tokens were made for.")],
    file: Annotated[Path, typer.Option(help="CSV to write: the same rows with customer_id for token.")],
) -> None:
    """Turn tokens of a purpose back into customer ids; tokens of a key in its grace count too.

    Rows whose token nobody has, or whose key ended, are left out and counted. Noted in ops.audit.
    """
    import pyarrow.csv as pc

    from alluvium.commands.privacy import pseudonym_rows
    from alluvium.console import console
    from alluvium.privacy import audit
    from alluvium.settings import get_settings

    settings = get_settings()
    _checked(settings, purpose)
    rows = _read(tokens)
    found, unknown = pseudonym_rows.resolved(settings, rows, purpose, _today())
    pc.write_csv(found, file)
    audit.note(settings, "privacy.pseudonyms.resolve", purpose, f"{found.num_rows} of {rows.num_rows} rows")
    console.print(f"{found.num_rows:,} rows in {file}; {unknown:,} tokens that no customer has today")


def _read(path: Path) -> pa.Table:
    import pyarrow.csv as pc

    if not path.is_file():
        raise UsageError("There is no such file", where=str(path))
    rows = pc.read_csv(path)
    if TOKEN not in rows.column_names:
        raise UsageError(f"The file needs a column {TOKEN}", where=f"{path}, line 1")
    return rows


def _today() -> date:
    return datetime.now(UTC).date()
