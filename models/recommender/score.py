"""Let the champion of every placement rank the catalogue for every customer with purchases.

Reads   gold.order_lines, gold.products, gold.customers, gold.customer_events, before run_date + 1; the
        champions in MLflow
Writes  ml.recommendation_candidates, ml.popular_product_candidates, ml.regional_product_candidates,
        ml.similar_product_candidates, the as-of date replaced
Rerun   the same rows, as long as no other champion was crowned
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from alluvium import catalog
from alluvium.job import JobConfig
from alluvium.lake import delta, driver_sql
from models.recommender import (
    baskets,
    candidates,
    experiment,
    exploration,
    features,
    params,
    reasons,
    rules,
    tracking,
)
from models.recommender.candidates import Origin
from models.recommender.item_similarity import Neighbours, neighbours
from models.recommender.mixing import mixed
from models.recommender.params import Mix, Placement
from models.recommender.purchases import Purchases
from models.recommender.ranking import Ranking, top_k
from models.recommender.rules import Rules
from models.recommender.scores import ScoreRows
from models.recommender.tracking import Champion

NEIGHBOURS = 40
SIMILAR_PRODUCTS = 20
# Of the most bought products: time grows with the square of their number, 8,000 take 2 s.
NEIGHBOURS_OF = 8_000
MIN_TOGETHER = 5
MIXED = "mix"
CART, CART_CANDIDATES, CART_DAYS = "cart", 40, 7
CART_RULES = Rules(most_of_type=2)  # Who has a newspaper in the cart needs no four kinds of cola.
# Added within the days before, not taken out since, and no order since.
OPEN_CARTS = """
SELECT DISTINCT added.customer_id, added.product_id FROM gold.customer_events AS added
WHERE added.event = 'Product Added' AND added.customer_id IS NOT NULL AND added.product_id IS NOT NULL
    AND added.occurred_on >= DATE'{first_day}' AND added.occurred_on < DATE'{as_of_date}'
    AND NOT EXISTS (
        SELECT 1 FROM gold.customer_events AS later
        WHERE later.customer_id = added.customer_id AND later.occurred_at >= added.occurred_at
            AND later.occurred_on < DATE'{as_of_date}'
            AND (
                later.event = 'Order Completed'
                OR (later.event = 'Product Removed' AND later.product_id = added.product_id)
            )
    )
"""
REGIONS = "SELECT customer_id, region FROM gold.customers"
REFUSED = "SELECT customer_id FROM gold.customers WHERE is_personalisation_allowed IS NOT TRUE"


def similar_products(purchases: Purchases) -> Neighbours:
    """The nearest products of every product that enough customers bought."""
    return neighbours(purchases.bought(), NEIGHBOURS, max_products=NEIGHBOURS_OF, min_together=MIN_TOGETHER)


def _rows(
    purchases: Purchases, ranking: Ranking, similar: Neighbours, placement: Placement | Mix, origin: Origin
) -> pa.Table:
    shown = rules.apply(ranking, purchases.catalogue, placement.rules)
    why = reasons.explain(purchases, shown.products, similar)
    return candidates.of_customers(purchases, shown, why, origin)


def _ranking(purchases: Purchases, placement: Placement, score_rows: ScoreRows) -> Ranking:
    hidden = purchases.bought() if placement.hides_bought else None
    return top_k(score_rows, purchases.shape, placement.candidates, hidden)


def _by(purchases: Purchases, placement: Placement, champion: Champion) -> tuple[Ranking, Origin]:
    """The lists of a placement, and whose they are: the champion's, in an experiment also a challenger's."""
    score_rows = params.fit(champion.model, champion.params, purchases, champion.trained)
    ranking = _ranking(purchases, placement, score_rows)
    given = placement.experiment
    if given is None or given.challenger == champion.model:
        return ranking, Origin(placement.name, champion.model, champion.version)
    is_challenged = experiment.assigned(given, purchases.customers)
    score_rows = params.fit(given.challenger, placement.models[given.challenger], purchases)
    theirs = _ranking(purchases, placement, score_rows)
    origin = Origin(placement.name, champion.model, champion.version, given.challenger, is_challenged)
    return experiment.split(ranking, theirs, is_challenged), origin


def rank(
    purchases: Purchases,
    contests: Sequence[tuple[Placement, Champion]],
    mixes: Sequence[Mix],
    similar: Neighbours,
) -> pa.Table:
    """Candidates of every customer for every placement and mix of placements, with reasons."""
    made = {placement.name: _by(purchases, placement, champion) for placement, champion in contests}
    tables = [_rows(purchases, made[p.name][0], similar, p, made[p.name][1]) for p, _ in contests]
    for mix in mixes:
        parts = [made[name][0] for name in mix.mixes]
        ranking = mixed(parts, list(mix.mixes.values()), mix.candidates)
        origin = Origin(mix.name, MIXED, ".".join(c.version for p, c in contests if p.name in mix.mixes))
        tables.append(_rows(purchases, ranking, similar, mix, origin))
    return pa.concat_tables(tables)


def explore(purchases: Purchases, placements: Sequence[Placement]) -> list[pa.Table]:
    """The new products that each placement with an exploration tries, at ranks beyond those of its list."""
    tables = []
    for placement in placements:
        if (given := placement.exploration) is None:
            continue
        found = exploration.tried(purchases, given)
        nearest = exploration.nearest_of_kind(purchases, found.products)
        why = reasons.alike(reasons.NEW_PRODUCT, nearest)
        origin = Origin(placement.name, exploration.MODEL, None)
        ranks = exploration.drawn_ranks(purchases, given)
        tables.append(candidates.of_customers(purchases, found, why, origin, ranks=ranks))
    return tables


def complete_carts(purchases: Purchases, lying: pa.Table) -> pa.Table:
    """Candidates of every customer with an open cart: what completes it."""
    customers, carts = baskets.open_carts(lying, purchases)
    bought = baskets.shopping_days(purchases)
    found = baskets.complements(bought, carts, CART_CANDIDATES)
    ranking = rules.apply(found, purchases.catalogue, CART_RULES)
    nearest = baskets.nearest_in_cart(bought, carts, ranking.products)
    why = reasons.alike(reasons.GOES_WITH_CART, nearest)
    return candidates.of_customers(purchases, ranking, why, Origin(CART, baskets.MODEL, None), customers)


def without(rows: pa.Table, customers: pa.Table) -> pa.Table:
    """The rows of other customers."""
    excluded = customers["customer_id"].combine_chunks()
    return rows.filter(pc.invert(pc.is_in(rows["customer_id"], value_set=excluded)))


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Nothing is kept of customers who refused personalisation: publishing gives them popular products."""

    def ask(query: str) -> pa.Table:
        first_day = config.as_of_date - timedelta(days=CART_DAYS)
        text = query.format(as_of_date=config.as_of_date, first_day=first_day)
        return driver_sql.ask(spark, config.settings, text)

    contests = [(p, tracking.champion(p.name, config.settings)) for p in params.load_all()]
    purchases = features.read(spark, config.settings, config.as_of_date)
    similar = similar_products(purchases)
    ranked = rank(purchases, contests, params.load_mixes(), similar)
    explored = explore(purchases, [placement for placement, _ in contests])
    found = pa.concat_tables([ranked, *explored, complete_carts(purchases, ask(OPEN_CARTS))])
    kept = without(found, ask(REFUSED))
    made = (
        (catalog.ML_RECOMMENDATION_CANDIDATES, kept),
        (catalog.ML_POPULAR_PRODUCT_CANDIDATES, candidates.popular(purchases)),
        (catalog.ML_REGIONAL_PRODUCT_CANDIDATES, candidates.popular_nearby(purchases, ask(REGIONS))),
        (catalog.ML_SIMILAR_PRODUCT_CANDIDATES, candidates.similar(purchases, similar, SIMILAR_PRODUCTS)),
    )
    for table, rows in made:
        delta.replace_rows(spark, rows, table, f"as_of_date = DATE'{config.as_of_date}'")
    return {"customers": purchases.shape[0], "rows_written": kept.num_rows}
