"""Clusters of three tiers, each of which starts from the stricter one.

Identifiers and people's decisions make `exact`; the match engine joins what is likely enough for `strict` and
then for `loose`; records without a name join the customers they point to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from spark_jobs.identity import attach, cluster, joining
from spark_jobs.identity.engine import entities
from spark_jobs.identity.engine.arrays import Bools, Floats
from spark_jobs.identity.guard import Guard
from spark_jobs.identity.kept import TIERS, Remembered
from spark_jobs.identity.model import Model
from spark_jobs.identity.night import CERTAIN, Exact, Night
from spark_jobs.identity.outcome import Decided
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules
from spark_jobs.identity.similar import Scored

SIMILAR = "similar"


@dataclass(frozen=True)
class Standing:
    """What of the last night still stands: `is_open` places are decided anew, the others as in `before`."""

    is_open: Bools
    before: Remembered

    @property
    def places(self) -> Ints:
        """The open ones."""
        return np.flatnonzero(self.is_open)

    def labels(self, tier: str, places: Ints) -> Ints:
        """Clusters of all places; `places` has those of the open ones, numbered anew."""
        found = self.before.labels(tier)
        found[self.places] = self.places[places]
        return found


def clusters(
    scored: Scored, start: Exact, rules: Rules, standing: Standing | None
) -> tuple[Decided, dict[str, Ints]]:
    """For each tier its links between named records and their clusters, by the night's numbers.

    Also the clusters by the engine's places, by tier.
    """
    labels, decided, by_place = start.labels, {"exact": (start.links, start.labels)}, {}
    part = scored.only(standing.is_open) if standing else scored
    for tier in TIERS:
        threshold = getattr(rules.tiers, tier)
        places = joining.clusters(
            part, part.named.labels(labels), float(np.log(threshold / (1 - threshold))),
            joining.Apart.of(part, start.guard, labels),
        )  # fmt: skip
        by_place[tier] = standing.labels(tier, places) if standing else places
        labels = scored.named.joined(labels, by_place[tier])
        similar = _similar_links(scored, by_place[tier], start.guard)
        decided[tier] = (pl.concat([start.links, similar]), labels)
    return decided, by_place


def _similar_links(scored: Scored, labels: Ints, guard: Guard) -> pl.DataFrame:
    """Likely pairs within one cluster: left, right, rule, probability."""
    at = np.flatnonzero((scored.log_odds > 0) & (labels[scored.one] == labels[scored.other]))
    left, right = scored.left[at], scored.right[at]
    fits = ~guard.among(left, right)
    found = pl.DataFrame({"left": left[fits], "right": right[fits]}).cast(pl.Int64)
    likely = pl.Series("probability", scored.probability[at[fits]], dtype=pl.Float64)
    return found.with_columns(pl.lit(SIMILAR).alias("rule"), likely)


def own_scores(scored: Scored, strict: Ints, standing: Standing | None) -> Floats:
    """Log-odds of the place of each record in its strict cluster."""
    if standing is None:
        return entities.own_scores(strict, scored.scorer)
    part, found = scored.only(standing.is_open), standing.before.own()
    anew = np.cumsum(standing.is_open) - 1
    found[standing.places] = entities.own_scores(anew[strict[standing.places]], part.scorer)
    return found


def attached(night: Night, decided: Decided, guard: Guard, rules: Rules, model: Model | None) -> Decided:
    """The tiers with the records that have no name. Only likely tiers read a name in an address."""
    values, names = night.placed(), night.names()
    least = {tier: getattr(rules.tiers, tier) for tier in TIERS} if model else {}
    guesses = {
        tier: attach.Guess(names, model.spelled, least[tier]) if model and tier in least else None
        for tier in decided
    }
    return {
        tier: _with_nameless(held, attach.find(held[1], values, rules, guesses[tier]), guard)
        for tier, held in decided.items()
    }


def _with_nameless(
    held: tuple[pl.DataFrame, Ints], more: pl.DataFrame, guard: Guard
) -> tuple[pl.DataFrame, Ints]:
    links, labels = held
    count = len(labels)
    members = np.flatnonzero(labels != np.arange(count))
    left = np.concatenate([members, more["left"].to_numpy()])
    right = np.concatenate([labels[members], more["right"].to_numpy()])
    keep = np.ones(len(left), bool)
    if guard.cannot:
        weight = np.where(np.arange(len(left)) < len(members), CERTAIN, 1.0)
        keep = cluster.kept_links(count, left, right, weight, guard.parted, count)
    all_links = pl.concat([links, more.filter(pl.Series(keep[len(members) :]))])
    return all_links.unique(["left", "right", "rule"]).sort("left", "right", "rule"), cluster.components(
        count, left[keep], right[keep]
    )
