"""An address that spells a name leads to the one customer of that name, as surely as known addresses do."""

from __future__ import annotations

import polars as pl
import pytest

from spark_jobs.identity import spelled

FIRST = [f"{a}{b}{c}" for a in "bdg" for b in ("ann", "ell", "ora") for c in ("a", "e", "is", "us")]
NAMES = pl.DataFrame(
    [(at, first, f"{first[::-1]}son", 1950 + at) for at, first in enumerate(FIRST)] * 2,
    schema=["label", "first", "last", "year"], orient="row",
)  # fmt: skip


def mailboxes(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"mailbox": [f"{name}@post.org" for name in names]}, schema={"mailbox": pl.String})


def guessed(*names: str, sure: float = 0.9) -> dict[str, int]:
    rates = dict.fromkeys(spelled.WAYS, sure)
    found = spelled.guesses(mailboxes(*names), NAMES, rates)
    return {box.split("@")[0]: label for box, label, _ in found.iter_rows()}


def test_every_usual_way_of_writing_a_name_leads_to_the_one_who_has_it() -> None:
    first, last = FIRST[0], f"{FIRST[0][::-1]}son"
    ways = [f"{first}.{last}", f"{last}_{first}", f"{first}{last}82", f"{first}1950"]
    assert guessed(*ways) == dict.fromkeys(ways, 0)
    assert guessed("nobody.known", f"{first}", "info") == {}


def test_two_customers_of_one_name_are_no_guess() -> None:
    twin = NAMES.filter(pl.col("label") == 0).with_columns(pl.lit(99, pl.Int64).alias("label"))
    rates = dict.fromkeys(spelled.WAYS, 0.9)
    box = mailboxes(f"{FIRST[0]}.{FIRST[0][::-1]}son")
    assert spelled.guesses(box, pl.concat([NAMES, twin]), rates).is_empty()


def owned(count: int) -> pl.DataFrame:
    rows = NAMES.unique("label").sort("label").head(count)
    box = pl.concat_str("first", pl.lit("."), "last", pl.lit("@post.org")).alias("mailbox")
    others = [rows.with_columns(pl.col("first") + pl.lit(".") + pl.col("last") + f"{at}" + "@x.org")
              .select(pl.col("first").alias("mailbox"), "label") for at in (1, 2)]  # fmt: skip
    return pl.concat([rows.select(box, "label"), *others])


def test_guesses_are_sure_when_known_addresses_lead_home_and_open_ones_as_often() -> None:
    known, nobody = owned(36), pl.DataFrame(schema={"mailbox": pl.String, "label": pl.Int64})
    names = [f"{first}.{first[::-1]}son77" for first in FIRST]
    many = spelled.rates(known, mailboxes(*names), nobody, NAMES)
    assert many["full"] == pytest.approx(0.99, abs=0.01)
    strangers = mailboxes(names[0], *(f"stranger{at}" for at in range(400)))
    few = spelled.rates(known, strangers, nobody, NAMES)
    assert few["full"] < 0.5
    assert spelled.rates(known.head(20), mailboxes(*names), nobody, NAMES)["full"] == 0


def test_of_a_family_that_shares_an_address_the_one_it_spells_has_it() -> None:
    box = f"{FIRST[0]}.{FIRST[0][::-1]}son@post.org"
    borne = pl.DataFrame({"mailbox": [box, box, "x@post.org"], "label": [0, 1, 2]})
    assert spelled.among_bearers(borne, NAMES).rows() == [(box, 0)]
