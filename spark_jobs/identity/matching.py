"""Who is who on one night: records and identifiers in, links and clusters of three tiers out. No Spark.

Each tier starts from the stricter one, so tiers are nested: identifiers and people's decisions make `exact`,
the match engine joins what is likely enough for `strict` and then for `loose`, and records without a name
join the customers they point to.

Grain of the input: `records` one row per record (clean form, see `standardise`), `identifiers` one row per
record, kind and key. Nothing depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from spark_jobs.identity import (
    attach,
    cluster,
    compare,
    contradiction,
    exact,
    joining,
    outcome,
    similar,
    standardise,
)
from spark_jobs.identity.compare import Forms
from spark_jobs.identity.contradiction import Contradictions
from spark_jobs.identity.decisions import Decisions, numbered
from spark_jobs.identity.engine.arrays import Floats
from spark_jobs.identity.engine.evidence import Scorer
from spark_jobs.identity.engine.run import Pairs, expected_precision
from spark_jobs.identity.guard import Guard, kept_together
from spark_jobs.identity.model import Model
from spark_jobs.identity.named import Named
from spark_jobs.identity.outcome import Decided, Resolution
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules
from spark_jobs.identity.similar import Scored
from spark_jobs.identity.timing import Timer

IDENTIFIER = ("record_key", "kind", "key", "is_owner")
CERTAIN = 2.0  # weight of a link by an identifier
SIMILAR, MANUAL = "similar", "manual"
NEGLIGIBLE = 8.0  # log-odds below which a pair adds nothing to a sum of probabilities


def _plain(text: str) -> str:
    return text


@dataclass(frozen=True)
class Given:
    """What a match run is told beside the records: rules, a frozen model, decisions, how values are keyed.

    `values` (record_key, value) orders the review queue.
    """

    rules: Rules
    model: Model | None = None
    decisions: pl.DataFrame | None = None
    key_of: Callable[[str], str] = _plain
    timer: Timer = field(default_factory=Timer)
    values: pl.DataFrame | None = None


@dataclass(frozen=True)
class _Night:
    """The records of the night in numbers, with what identifiers and people say of them."""

    records: pl.DataFrame
    forms: Forms
    values: pl.DataFrame  # identifiers that may link, one row per record, kind and key
    links: exact.ExactLinks
    decisions: Decisions


def _numbered(records: pl.DataFrame) -> pl.DataFrame:
    comparable = standardise.comparable(records)
    return comparable.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))


def _numbered_identifiers(identifiers: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    known = records.select("record_key", "number", "record_kind", "is_named")
    per_value = identifiers.group_by("record_key", "kind", "key").agg(pl.col("is_owner").any())
    return per_value.join(known, on="record_key").sort("number", "kind", "key").drop("record_key")


def _prepared(records: pl.DataFrame, identifiers: pl.DataFrame, given: Given) -> _Night:
    with given.timer.step("standardise"):
        rows = _numbered(records)
        bears = pl.concat([identifiers.select(IDENTIFIER), standardise.mailboxes(rows)])
        values = _numbered_identifiers(bears, rows)
        forms = compare.forms(rows)
    with given.timer.step("exact"):
        links = exact.find(values.filter("is_named"), forms, given.rules)
        usable = values.join(links.values.filter("is_over"), on=["kind", "key"], how="anti")
        decided = Decisions() if given.decisions is None else numbered(given.decisions, rows["record_key"])
    return _Night(rows, forms, usable, links, decided)


def _families(forms: Forms) -> Callable[[Ints, Ints], bool]:
    def among(left: Ints, right: Ints) -> bool:
        at_home = compare.at_one_address(forms, left, right)
        levels = compare.name_and_birth_levels(forms, left[at_home], right[at_home])
        return contradiction.read_off(levels).has_families

    return among


def _exact(night: _Night, contradictions: Contradictions, limit: int) -> tuple[pl.DataFrame, Ints, Guard]:
    """The links by identifiers and people that hold, the clusters they make, and what must stay apart."""
    count, links = night.records.height, night.links.links
    alone = np.arange(count)
    guard = Guard.of(night.forms, contradictions, Decisions(cannot=night.decisions.cannot), alone)
    left, right = links["left"].to_numpy(), links["right"].to_numpy()
    keep = cluster.kept_links(count, left, right, np.full(len(left), CERTAIN), guard.among, limit)
    held = links.filter(pl.Series(keep)).with_columns(pl.lit(1.0).alias("probability"))
    labels = cluster.components(count, held["left"].to_numpy(), held["right"].to_numpy())
    guard = Guard.of(night.forms, contradictions, night.decisions, labels)
    one, other = kept_together(night.decisions, labels)
    manual = pl.DataFrame({"left": one, "right": other}).with_columns(
        pl.lit(MANUAL).alias("rule"), pl.lit(1.0).alias("probability")
    )
    held = pl.concat([held, manual.cast(held.schema)])  # type: ignore[arg-type]
    return held, cluster.components(count, held["left"].to_numpy(), held["right"].to_numpy()), guard


def _scored(night: _Night, given: Given) -> tuple[Scored, int, int] | None:
    """Every pair of named records that is worth a comparison; None where there is nothing to compare.

    Also the largest block and how many records only met their neighbours.
    """
    if int(night.records["is_named"].sum()) < 2:
        return None
    with given.timer.step("candidates"):
        named = Named.of(night.records, given.model, given.key_of)
        by_value = pl.concat([night.links.links, night.links.refused])
        also = named.codes(by_value["left"].to_numpy(), by_value["right"].to_numpy())
    with given.timer.step("compare"):
        per_record = given.rules.blocking.pairs_per_record
        compared, found = similar.compare(named, also, per_record, with_others=given.model is None)
    if not len(compared.levels.T):
        return None
    with given.timer.step("model"):
        model, levels = given.model, compared.levels
        if model is None:
            start, _, _ = _start(night, Contradictions(), named, given.rules)
            fitted = similar.estimate(named, compared, start, _families(night.forms), given.key_of)
            named, model, levels = fitted.named, fitted.model, fitted.levels
        log_odds = model.weights.log_odds(levels)
    return Scored(named, model, *compared.candidates, levels, log_odds), found.largest_block, found.windowed


def _start(
    night: _Night, contradictions: Contradictions, named: Named, rules: Rules
) -> tuple[Ints, pl.DataFrame, Guard]:
    held, labels, guard = _exact(night, contradictions, rules.limits.component)
    return named.labels(labels), held, guard


def _similar_links(scored: Scored, labels: Ints, guard: Guard) -> pl.DataFrame:
    """Likely pairs within one cluster: left, right, rule, probability."""
    at = np.flatnonzero((scored.log_odds > 0) & (labels[scored.one] == labels[scored.other]))
    left, right = scored.left[at], scored.right[at]
    fits = ~guard.among(left, right)
    found = pl.DataFrame({"left": left[fits], "right": right[fits]}).cast(pl.Int64)
    likely = pl.Series("probability", scored.probability[at[fits]], dtype=pl.Float64)
    return found.with_columns(pl.lit(SIMILAR).alias("rule"), likely)


def _tiers(night: _Night, scored: Scored | None, given: Given) -> tuple[Decided, Guard, Ints | None]:
    """For each tier its links between placed records and their clusters, by the night's numbers.

    Also what must stay apart, and the strict clusters in the engine's places.
    """
    rules = given.rules
    contradictions = Contradictions(scored.model.has_families) if scored else Contradictions()
    held, labels, guard = _exact(night, contradictions, rules.limits.component)
    decided = {"exact": (held, labels)}
    strict = None
    for tier, threshold in (("strict", rules.tiers.strict), ("loose", rules.tiers.loose)):
        if scored is None:
            decided[tier] = (held, labels)
            continue
        places = joining.clusters(
            scored, scored.named.labels(labels), float(np.log(threshold / (1 - threshold))),
            joining.Apart.of(scored, guard, labels),
        )  # fmt: skip
        labels = scored.named.joined(labels, places)
        decided[tier] = (pl.concat([held, _similar_links(scored, places, guard)]), labels)
        strict = places if strict is None else strict
    return decided, guard, strict


def _placed(night: _Night) -> pl.DataFrame:
    """Identifiers; records that somebody put somewhere count as if they had a name."""
    placed = np.union1d(*night.decisions.must)
    return night.values.with_columns(pl.col("is_named") | pl.col("number").is_in(placed.tolist()))


def _names(night: _Night) -> pl.DataFrame:
    year = pl.col("birth_date").dt.year().alias("year")
    return night.records.filter("is_named").select("number", "first", "last", year)


def _attached(night: _Night, decided: Decided, guard: Guard, given: Given, model: Model | None) -> Decided:
    """The tiers with the records that have no name. Only likely tiers read a name in an address."""
    values, names, rules = _placed(night), _names(night), given.rules
    least = {"strict": rules.tiers.strict, "loose": rules.tiers.loose} if model else {}
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


def resolve(records: pl.DataFrame, identifiers: pl.DataFrame, given: Given) -> Resolution:
    """Decide who is who. Without a model one is estimated from these records; else it is used as it is."""
    night = _prepared(records, identifiers, given)
    compared = _scored(night, given)
    scored, largest_block, windowed = compared or (None, 0, 0)
    with given.timer.step("cluster"):
        placed, guard, strict = _tiers(night, scored, given)
    with given.timer.step("attach"):
        if scored and given.model is None:
            sure = attach.rates(placed["strict"][1], _placed(night), given.rules, _names(night))
            scored = replace(scored, model=replace(scored.model, spelled=sure))
        decided = _attached(night, placed, guard, given, scored.model if scored else None)
    with given.timer.step("report"):
        figures = {
            "largest_block": largest_block,
            "records_windowed": windowed,
            "values_over_limit": int(night.links.values["is_over"].sum()),
            "links_refused": night.links.refused.height,
            "decisions": night.decisions.count,
        }
        expected = _expected(scored, strict, guard)
        return outcome.report(
            night.records, scored, night.links.refused, decided, guard, given.rules, figures, expected,
            _worth(night.records, given.values),
        )  # fmt: skip


def _worth(records: pl.DataFrame, values: pl.DataFrame | None) -> Floats:
    """What each record stands for, 0 where nothing is known."""
    if values is None:
        return np.zeros(records.height)
    summed = values.group_by("record_key").agg(pl.col("value").sum())
    joined = records.select("record_key").join(summed, on="record_key", how="left", maintain_order="left")
    return joined["value"].fill_null(0.0).to_numpy()


def _expected(scored: Scored | None, strict: Ints | None, guard: Guard) -> dict[str, float]:
    """Precision and recall of the strict clusters of named records by the model, without labels.

    Recall is of the pairs that were compared: likely pairs in two clusters that nothing forbids are missed.
    """
    if scored is None or strict is None:
        return {}
    pairs = Pairs(scored.one, scored.other, scored.levels, scored.log_odds)
    scorer = Scorer(scored.named.records.attributes, scored.model.weights)
    precision = expected_precision(strict, pairs, scorer)
    at = np.flatnonzero((scored.log_odds > -NEGLIGIBLE) & (strict[scored.one] != strict[scored.other]))
    missed = scored.probability[at][~guard.among(scored.left[at], scored.right[at])].sum()
    sizes = np.bincount(strict)
    found = precision * float((sizes * (sizes - 1) / 2).sum())
    recall = found / (found + missed) if found else 1.0
    return {"expected_precision": round(precision, 4), "expected_recall": round(float(recall), 4)}
