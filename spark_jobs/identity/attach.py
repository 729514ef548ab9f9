"""Records without a name join the customer that they point to: cards, devices, subscribers, consent choices.

A record points to a customer by an identifier that a record of that customer bears. The strongest kind
decides. Two values of that kind which lead to different customers mean that the record is shared, a family's
tablet for one: it joins nobody. A value that several customers bear says nothing alone; two kinds may still
agree on one customer, and otherwise the record that owns the value (the account of that card) decides, or the
name that the e-mail address spells. An address that nobody bears joins the one customer whose name it spells,
where that is likely enough (`spelled`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from spark_jobs.identity import spelled
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules

MAILBOX = "mailbox"
ROUNDS = 4  # a subscriber that only a consent choice leads to is two steps away from a name


def _pointers(nameless: pl.DataFrame, bearers: pl.DataFrame) -> pl.DataFrame:
    """One row per record, value and customer that bears the value, with how many customers bear it."""
    customers = bearers.group_by("kind", "key", "label").agg(
        pl.col("number").min().alias("bearer"), pl.col("is_owner").any().alias("has_owner")
    )
    found = nameless.select("number", "kind", "key", "rank").join(customers, on=["kind", "key"])
    return found.with_columns(pl.len().over("number", "kind", "key").alias("customers"))


def _only_one(choices: pl.DataFrame) -> pl.DataFrame:
    """Records whose choices are one customer, with the smallest bearer of the strongest kind."""
    single = choices.filter(pl.col("label").n_unique().over("number") == 1)
    first = single.sort("number", "rank", "bearer").group_by("number", maintain_order=True).first()
    return first.select("number", "bearer", "kind", "label")


def _certain(pointers: pl.DataFrame) -> pl.DataFrame:
    """Choices by values that one customer alone bears, of the strongest kind that has any."""
    sure = pointers.filter(pl.col("customers") == 1)
    return sure.filter(pl.col("rank") == pl.col("rank").min().over("number"))


def _agreed(pointers: pl.DataFrame) -> pl.DataFrame:
    """Choices that every one of at least two kinds allows."""
    kinds = pl.col("kind").n_unique()
    counted = pointers.with_columns(
        kinds.over("number", "label").alias("for"), kinds.over("number").alias("of")
    )
    return counted.filter((pl.col("of") > 1) & (pl.col("for") == pl.col("of")))


def _owned(pointers: pl.DataFrame) -> pl.DataFrame:
    return pointers.filter("has_owner").filter(pl.col("rank") == pl.col("rank").min().over("number"))


def _spelled(pointers: pl.DataFrame, bearers: pl.DataFrame, guess: Guess | None) -> pl.DataFrame:
    """Choices by an address that spells the name of one of its bearers."""
    of_address = pointers.filter(pl.col("kind") == MAILBOX)
    if guess is None:
        return of_address.clear()
    borne = bearers.filter(pl.col("is_named") & (pl.col("kind") == MAILBOX))
    if guess.sure[spelled.BEARER] < guess.least:
        return of_address.clear()
    told = spelled.among_bearers(borne.select(pl.col("key").alias("mailbox"), "label"), guess.names)
    return of_address.join(told, left_on=["key", "label"], right_on=["mailbox", "label"], how="semi")


def _one_round(nameless: pl.DataFrame, bearers: pl.DataFrame, guess: Guess | None) -> pl.DataFrame:
    """The records that find their customer: number, bearer, kind."""
    pointers = _pointers(nameless, bearers)
    certain = _certain(pointers)
    found = _only_one(certain)
    unsure = pointers.join(certain, on="number", how="anti")
    for choose in (_agreed, _owned, partial(_spelled, bearers=bearers, guess=guess)):
        more = _only_one(choose(unsure))
        found = pl.concat([found, more])
        unsure = unsure.join(more, on="number", how="anti")
    return found


def _several_users(identifiers: pl.DataFrame) -> pl.DataFrame:
    """Devices that more than one user logged in on."""
    users = identifiers.filter((pl.col("record_kind") == "device") & ~pl.col("is_owner"))
    return (
        users.group_by("number", "kind")
        .agg(pl.col("key").n_unique().alias("keys"))
        .filter(pl.col("keys") > 1)
    )


def _together(waiting: pl.DataFrame, bearers: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Records that found no customer but share a value that no customer bears, or are the same card."""
    alone = waiting.join(_several_users(waiting), on="number", how="anti")
    free = alone.join(bearers, on=["kind", "key"], how="anti")
    most = pl.col("kind").replace_strict(
        {kind: rule.max_records for kind, rule in rules.identifiers.items()},
        default=rules.identifier("").max_records,
    )
    few = free.filter(pl.len().over("kind", "key") <= most)
    stars = pl.concat([few, waiting.filter("is_owner")]).with_columns(
        pl.col("number").min().over("kind", "key").alias("bearer")
    )
    return stars.filter(pl.col("number") != pl.col("bearer")).select("number", "bearer", "kind").unique()


def _prepared(labels: Ints, identifiers: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    clusters = pl.DataFrame({"number": np.arange(len(labels)), "label": labels})
    rank = pl.col("kind").replace_strict(rules.strength, default=len(rules.strength), return_dtype=pl.Int64)
    return (
        identifiers.join(clusters, on="number").with_columns(rank.alias("rank")).sort("number", "kind", "key")
    )


def _asking(waiting: pl.DataFrame, bearers: pl.DataFrame) -> pl.DataFrame:
    """Addresses that nobody with a place bears: number, mailbox."""
    asking = waiting.filter(pl.col("kind") == MAILBOX).select("number", pl.col("key").alias("mailbox"))
    return asking.join(_borne(bearers), on="mailbox", how="anti")


def _borne(bearers: pl.DataFrame) -> pl.DataFrame:
    return bearers.filter(pl.col("kind") == MAILBOX).select(pl.col("key").alias("mailbox"), "label")


def _guessed(waiting: pl.DataFrame, bearers: pl.DataFrame, guess: Guess) -> pl.DataFrame:
    """Records with an address that spells one customer's name: number, bearer, kind, label, probability."""
    asking = _asking(waiting, bearers)
    found = spelled.guesses(asking.select("mailbox").unique(), guess.names, guess.sure)
    likely = asking.join(found.filter(pl.col("probability") >= guess.least), on="mailbox")
    single = likely.filter(pl.len().over("number") == 1)
    first = guess.names.group_by("label").agg(pl.col("number").min().alias("bearer"))
    joined = single.join(first, on="label").with_columns(pl.lit(spelled.SPELLED).alias("kind"))
    return joined.select("number", "bearer", "kind", "label", "probability")


def rates(labels: Ints, identifiers: pl.DataFrame, rules: Rules, names: pl.DataFrame) -> spelled.Rates:
    """How likely guesses by spelled names are right: see `spelled.rates`, and `find` for the arguments."""
    ranked = _prepared(labels, identifiers, rules)
    named = ranked.filter("is_named")
    _, waiting, bearers = _rounds(ranked.filter(~pl.col("is_named")), named, None)
    owned = _borne(bearers).unique()
    owned = owned.filter(pl.len().over("mailbox") == 1)
    open_ = _asking(waiting, bearers).select("mailbox").unique()
    label = pl.Series("label", labels).gather(names["number"])
    return spelled.rates(owned, open_, _borne(named), names.with_columns(label))


def _rounds(
    waiting: pl.DataFrame, bearers: pl.DataFrame, guess: Guess | None
) -> tuple[list[pl.DataFrame], pl.DataFrame, pl.DataFrame]:
    """What joins in some rounds, who then waits, and who bears what."""
    found = []
    for _ in range(ROUNDS):
        joined = _one_round(waiting, bearers, guess).with_columns(pl.lit(1.0).alias("probability"))
        if joined.is_empty():
            break
        found.append(joined)
        waiting, bearers = _arrived(joined, waiting, bearers)
    return found, waiting, bearers


def _arrived(
    joined: pl.DataFrame, waiting: pl.DataFrame, bearers: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    arrived = waiting.drop("label").join(joined.select("number", "label"), on="number")
    return waiting.join(joined, on="number", how="anti"), pl.concat(
        [bearers, arrived.select(bearers.columns)]
    )


@dataclass(frozen=True)
class Guess:
    """What guesses need: number, first, last, year of every named record; how sure they are and must be."""

    names: pl.DataFrame
    sure: spelled.Rates
    least: float


def find(labels: Ints, identifiers: pl.DataFrame, rules: Rules, guess: Guess | None = None) -> pl.DataFrame:
    """Links left, right, rule, probability between records without a name and their customers.

    `labels` has the cluster of each record by the links between named ones; `identifiers` has number, kind,
    key, record_kind, is_named, is_owner, without values that may not link. Without `guess` no name is read
    in an address.
    """
    ranked = _prepared(labels, identifiers, rules)
    waiting, bearers = ranked.filter(~pl.col("is_named")), ranked.filter("is_named")
    if guess:
        label = pl.Series("label", labels).gather(guess.names["number"])
        guess = replace(guess, names=guess.names.with_columns(label))
    found, waiting, bearers = _rounds(waiting, bearers, guess)
    if guess:
        guessed = _guessed(waiting, bearers, guess)
        waiting, bearers = _arrived(guessed, waiting, bearers)
        more, waiting, bearers = _rounds(waiting, bearers, guess)
        found += [guessed, *more]
    together = _together(waiting, bearers, rules).with_columns(pl.lit(1.0).alias("probability"))
    links = pl.concat([*(joined.select(together.columns) for joined in found), together]).select(
        pl.min_horizontal("number", "bearer").alias("left"),
        pl.max_horizontal("number", "bearer").alias("right"),
        pl.col("kind").alias("rule"),
        "probability",
    )
    return links.unique(["left", "right", "rule"]).sort("left", "right", "rule")
