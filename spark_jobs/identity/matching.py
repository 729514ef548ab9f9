"""Who is who on one night: records and identifiers in, links and clusters of three tiers out. No Spark.

Grain of the input: `records` one row per record (clean form, see `standardise`), `identifiers` one row per
record, kind and key. Nothing depends on the order of rows. With a frozen model and what the last night kept
only new and changed records are compared, and only clusters that they touch are decided again; the result
is that of a night that remembers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import polars as pl

from spark_jobs.identity import (
    attach,
    compare,
    contradiction,
    kept,
    night,
    outcome,
    pairing,
    similar,
    tiers,
)
from spark_jobs.identity.compare import Forms
from spark_jobs.identity.contradiction import Contradictions
from spark_jobs.identity.engine.arrays import Bools, Codes, Floats, contains, packed, unpacked
from spark_jobs.identity.engine.blocking import Candidates
from spark_jobs.identity.engine.run import Pairs, expected_precision
from spark_jobs.identity.guard import Guard
from spark_jobs.identity.kept import Kept
from spark_jobs.identity.named import Named
from spark_jobs.identity.night import Exact, Given, Night
from spark_jobs.identity.outcome import Decided, Resolution
from spark_jobs.identity.pairs import Ints
from spark_jobs.identity.rules import Rules
from spark_jobs.identity.similar import Scored
from spark_jobs.identity.tiers import Standing

NEGLIGIBLE = 8.0  # log-odds below which a pair adds nothing to a sum of probabilities


@dataclass(frozen=True)
class _Compared:
    """The pairs of the night; `in_block` and `situations` are kept for the next one, when that is safe."""

    scored: Scored
    figures: dict[str, int]
    in_block: Bools
    situations: Codes
    standing: Standing | None
    is_kept: bool


def resolve(records: pl.DataFrame, identifiers: pl.DataFrame, given: Given) -> Resolution:
    """Decide who is who. Without a model one is estimated from these records; else it is used as it is."""
    tonight = night.prepared(records, identifiers, given)
    compared = _compared(tonight, given)
    scored = compared.scored if compared else None
    with given.timer.step("cluster"):
        contradictions = Contradictions(scored.model.has_families) if scored else Contradictions()
        start = tonight.exact(contradictions, given.rules.limits.component)
        placed, by_place = _placed(start, compared, given.rules)
    with given.timer.step("attach"):
        if scored and given.model is None:
            sure = attach.rates(placed["strict"][1], tonight.placed(), given.rules, tonight.names())
            scored = replace(scored, model=replace(scored.model, spelled=sure))
        model = scored.model if scored else None
        decided = tiers.attached(tonight, placed, start.guard, given.rules, model)
    with given.timer.step("report"):
        expected, memory = {}, None
        if compared and scored:
            own = tiers.own_scores(scored, by_place["strict"], compared.standing)
            expected = _expected(scored, by_place["strict"], own, start.guard)
            memory = _kept(tonight, replace(compared, scored=scored), by_place, own, given)
        refused = tonight.links.refused
        figures = _figures(tonight, compared)
        found = outcome.report(
            tonight.records, scored, refused, decided, start.guard, given.rules, figures, expected,
            _worth(tonight.records, given.values),
        )  # fmt: skip
    return replace(found, kept=memory)


def _compared(tonight: Night, given: Given) -> _Compared | None:
    """Every pair of named records that is worth a comparison; None where there is nothing to compare."""
    if int(tonight.records["is_named"].sum()) < 2:
        return None
    with given.timer.step("candidates"):
        named = Named.of(tonight.records, given.model, given.key_of)
        by_value = pl.concat([tonight.links.links, tonight.links.refused])
        also = named.codes(by_value["left"].to_numpy(), by_value["right"].to_numpy())
    found = _estimated(tonight, named, also, given) if given.model is None else None
    found = found or _frozen(tonight, named, also, given)
    return found if len(found.scored.one) else None


def _estimated(tonight: Night, named: Named, also: Codes, given: Given) -> _Compared:
    limit = given.rules.limits.component
    with given.timer.step("compare"):
        per_record = given.rules.blocking.pairs_per_record
        compared, found = similar.compare(named, also, per_record, with_others=True)
    with given.timer.step("model"):
        start = named.labels(tonight.exact(Contradictions(), limit).labels)
        fitted = similar.estimate(named, compared, found.heat, start, _families(tonight.forms), given.key_of)
        log_odds = fitted.model.weights.log_odds(fitted.levels)
        scored = Scored(fitted.named, fitted.model, *compared.candidates, fitted.levels, log_odds)
    in_block = contains(packed(scored.one, scored.other), found.codes[~found.by_window])
    situations = _situations(tonight, scored, given.rules)
    figures = _counted(found, len(scored.one))
    return _Compared(scored, figures, in_block, situations, None, is_kept=True)


def _frozen(tonight: Night, named: Named, also: Codes, given: Given) -> _Compared:
    model = given.model
    assert model is not None
    exact = tonight.exact(Contradictions(model.has_families), given.rules.limits.component)
    keys = tonight.records["record_key"]
    with given.timer.step("compare"):
        situations = pairing.situations(named, keys, exact.labels, tonight.decisions)
        last = given.kept
        usable = last is not None and last.basis == _basis(given, model.version)
        before = kept.recall(last, keys.gather(named.numbers), situations) if last and usable else None
        paired = pairing.pair(named, model, also, before)
        one, other = unpacked(paired.codes)
        scored = Scored(named, model, one, other, paired.levels, model.weights.log_odds(paired.levels))
        is_open = pairing.open_places(scored, named.labels(exact.labels), paired)
    standing = None if is_open is None or paired.before is None else Standing(is_open, paired.before)
    figures = _counted(paired.found, int(paired.is_new.sum()))
    is_kept = not paired.found.overgrown
    return _Compared(scored, figures, paired.in_block, situations, standing, is_kept)


def _situations(tonight: Night, scored: Scored, rules: Rules) -> Codes:
    exact = tonight.exact(Contradictions(scored.model.has_families), rules.limits.component)
    return pairing.situations(scored.named, tonight.records["record_key"], exact.labels, tonight.decisions)


def _counted(found: Candidates, compared: int) -> dict[str, int]:
    return {
        "pairs_compared": compared,
        "largest_block": found.largest_block,
        "records_windowed": found.windowed,
    }


def _figures(tonight: Night, compared: _Compared | None) -> dict[str, int]:
    nothing = {"pairs_compared": 0, "largest_block": 0, "records_windowed": 0}
    named = int(tonight.records["is_named"].sum())
    standing = compared.standing if compared else None
    return {
        **(compared.figures if compared else nothing),
        "records_decided": int(standing.is_open.sum()) if standing else named,
        "values_over_limit": int(tonight.links.values["is_over"].sum()),
        "links_refused": tonight.links.refused.height,
        "decisions": tonight.decisions.count,
    }


def _families(forms: Forms) -> similar.HasFamilies:
    def among(left: Ints, right: Ints) -> bool:
        at_home = compare.at_one_address(forms, left, right)
        levels = compare.name_and_birth_levels(forms, left[at_home], right[at_home])
        return contradiction.read_off(levels).has_families

    return among


def _placed(start: Exact, compared: _Compared | None, rules: Rules) -> tuple[Decided, dict[str, Ints]]:
    if compared is None:
        return dict.fromkeys(outcome.TIERS, (start.links, start.labels)), {}
    return tiers.clusters(compared.scored, start, rules, compared.standing)


def _basis(given: Given, version: str) -> str:
    """What decisions of another night must have in common with tonight's: the model and the rules."""
    return sha256(f"{version} {given.rules.model_dump_json()}".encode()).hexdigest()[:16]


def _kept(
    tonight: Night, compared: _Compared, by_place: dict[str, Ints], own: Floats, given: Given
) -> Kept | None:
    """What the next night may use; None when blocks outgrew the model, and it must look at all again."""
    scored, named = compared.scored, compared.scored.named
    if not compared.is_kept:
        return None
    return Kept(
        _basis(given, scored.model.version), tonight.records["record_key"].gather(named.numbers),
        compared.situations, by_place, own, scored.one, scored.other, scored.levels, compared.in_block,
    )  # fmt: skip


def _worth(records: pl.DataFrame, values: pl.DataFrame | None) -> Floats:
    """What each record stands for, 0 where nothing is known."""
    if values is None:
        return np.zeros(records.height)
    summed = values.group_by("record_key").agg(pl.col("value").sum())
    joined = records.select("record_key").join(summed, on="record_key", how="left", maintain_order="left")
    return joined["value"].fill_null(0.0).to_numpy()


def _expected(scored: Scored, strict: Ints, own: Floats, guard: Guard) -> dict[str, float]:
    """Precision and recall of the strict clusters of named records by the model, without labels.

    Recall is of the pairs that were compared: likely pairs in two clusters that nothing forbids are missed.
    """
    pairs = Pairs(scored.one, scored.other, scored.levels, scored.log_odds)
    precision = expected_precision(strict, pairs, own)
    at = np.flatnonzero((scored.log_odds > -NEGLIGIBLE) & (strict[scored.one] != strict[scored.other]))
    missed = scored.probability[at][~guard.among(scored.left[at], scored.right[at])].sum()
    sizes = np.bincount(strict)
    found = precision * float((sizes * (sizes - 1) / 2).sum())
    recall = found / (found + missed) if found else 1.0
    return {"expected_precision": round(precision, 4), "expected_recall": round(float(recall), 4)}
