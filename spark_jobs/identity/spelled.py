"""Whose name an e-mail address spells: `scott.lopez@...` is Scott Lopez's where there is one Scott Lopez.

For records without a name. An address that a customer is known to bear tells how good such a guess is: leave
the address itself out, guess by its letters, and see how often the guess is that customer. From it and from
how many of the addresses without a customer spell somebody's name, the share of right guesses among those
follows; no label is used. Let h be the share of known addresses that lead to the right customer and c the
share that lead to another one although they should not; if q of the unknown addresses lead to somebody, then
q = w h + (1 - w) c, where w is the share whose person is among the customers, and a guess is right with
probability w h / q.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

LEAST_KNOWN = 50  # addresses of a pattern that have an owner; fewer do not tell how good it is
LEAST_LETTERS = 3  # of a first and of a last name
SPELLED, BEARER = "spelled", "bearer"
WAYS = {
    "full": [("first", "last"), ("last", "first")],
    "initial": [("initial", "last")],
    "year": [("first", "year")],
}
Rates = Mapping[str, float]
ONE_SIDED = 1.645  # standard deviations: 95 % lie on this side


def _name_parts(named: pl.DataFrame) -> pl.DataFrame:
    """One row per customer and way in which its name may stand in an address: label, pattern, spelled."""
    first, last = (pl.col(side).str.replace_all("[^a-z]", "") for side in ("first", "last"))
    parts = named.select("label", first.alias("first"), last.alias("last"), "year").drop_nulls(
        ["first", "last"]
    )
    parts = parts.filter(
        (pl.col("first").str.len_chars() >= LEAST_LETTERS) & (pl.col("last").str.len_chars() >= LEAST_LETTERS)
    )
    told = parts.with_columns(
        pl.col("first").str.slice(0, 1).alias("initial"), pl.col("year").cast(pl.String)
    )
    rows = [
        told.select("label", pl.lit(pattern).alias("pattern"), pl.concat_str(way).alias("spelled"))
        for pattern, written in WAYS.items()
        for way in written
    ]
    return pl.concat(rows).drop_nulls().unique()


def _addresses(mailboxes: pl.DataFrame) -> pl.DataFrame:
    """The letters of each address before the @, and those with a year behind them: mailbox, spelled."""
    local = pl.col("mailbox").str.extract(r"^([^@]+)", 1).str.replace_all(r"[^a-z0-9]", "")
    plain = mailboxes.select("mailbox", local.alias("local"))
    letters = plain.select("mailbox", pl.col("local").str.replace(r"\d{1,4}$", "").alias("spelled"))
    with_year = plain.filter(pl.col("local").str.contains(r"[a-z](19|20)\d{2}$")).select(
        "mailbox", pl.col("local").alias("spelled")
    )
    return pl.concat([letters, with_year]).unique()


def _led(mailboxes: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Every customer whose name an address spells: mailbox, pattern, label."""
    return _addresses(mailboxes).join(parts, on="spelled").select("mailbox", "pattern", "label").unique()


def _only(led: pl.DataFrame) -> pl.DataFrame:
    """Where it is one customer alone."""
    return led.filter(pl.len().over("mailbox", "pattern") == 1)


def rates(owned: pl.DataFrame, open_: pl.DataFrame, borne: pl.DataFrame, names: pl.DataFrame) -> Rates:
    """How likely a guess is right, by pattern; under BEARER how likely the one whose name is spelled uses it.

    `owned`: mailbox, label of addresses that one customer alone bears; `open_`: mailbox of those that nobody
    bears; `borne`: mailbox, label of every record with a name; `names`: label, first, last, year of each.
    """
    parts = _name_parts(names)
    known = _led(owned, parts).join(owned.rename({"label": "owner"}), on="mailbox")
    right = _only(known).filter(pl.col("label") == pl.col("owner"))
    wrong = _only(known.filter(pl.col("label") != pl.col("owner")))
    found = _only(_led(open_, parts))

    def count(rows: pl.DataFrame, pattern: str) -> int:
        return rows.filter(pl.col("pattern") == pattern).height

    sure = {
        pattern: _probability(
            owned.height, count(right, pattern), count(wrong, pattern), count(found, pattern), open_.height
        )
        for pattern in WAYS
    }
    return {**sure, BEARER: _bearer_rate(borne, parts)}


def _probability(known: int, right: int, wrong: int, led: int, open_: int) -> float:
    """That a guess about an open address is right; see the module. Shares of few addresses are uncertain:

    each stands at the end of its 95 % interval that speaks against the guess.
    """
    if known < LEAST_KNOWN or not right or not led:
        return 0.0
    share_led = led / open_
    hit, chance = right / known, wrong / known
    chance += ONE_SIDED * (max(chance, 1 / known) / known) ** 0.5
    least_led = share_led - ONE_SIDED * (share_led * (1 - share_led) / open_) ** 0.5
    inside = min(max((least_led - chance) / max(hit - chance, 1e-9), 0.0), 1.0)
    return round(min(inside * hit / max(least_led, 1e-9), right / (right + 1)), 6)


def guesses(open_: pl.DataFrame, names: pl.DataFrame, sure: Rates) -> pl.DataFrame:
    """The one customer whose name an open address spells: mailbox, label, probability."""
    found = _only(_led(open_, _name_parts(names)))
    rated = found.with_columns(
        pl.col("pattern").replace_strict(sure, default=0.0, return_dtype=pl.Float64).alias("probability")
    )
    best = rated.sort("mailbox", "probability", "label", descending=[False, True, False])
    return best.group_by("mailbox", maintain_order=True).first().select("mailbox", "label", "probability")


def _own(borne: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Of several customers that bear an address the one whose name it spells: mailbox, label."""
    shared = borne.filter(pl.col("label").n_unique().over("mailbox") > 1)
    led = _led(shared.select("mailbox").unique(), parts).select("mailbox", "label").unique()
    own = led.join(shared.unique(), on=["mailbox", "label"], how="semi")
    return own.filter(pl.len().over("mailbox") == 1)


def _bearer_rate(borne: pl.DataFrame, parts: pl.DataFrame) -> float:
    """How often a family's address is used by the one whose name it spells, by the records with a name."""
    used = borne.join(_own(borne, parts).rename({"label": "own"}), on="mailbox")
    if used.height < LEAST_KNOWN:
        return 0.0
    return round(float((used["label"] == used["own"]).mean() or 0.0), 6)  # type: ignore[arg-type]


def among_bearers(borne: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """As `_own`, for who attaches records."""
    return _own(borne, _name_parts(names))
