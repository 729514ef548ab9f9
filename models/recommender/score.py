"""Let the champion of every placement rank the catalogue for every customer with purchases.

Reads   gold.order_lines, gold.products, gold.customers, before run_date + 1; the champions in MLflow
Writes  ml.recommendation_candidates, ml.popular_product_candidates, ml.similar_product_candidates, the as-of
        date replaced
Rerun   the same rows, as long as no other champion was crowned
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from alluvium import catalog, delta, driver_sql
from alluvium.job import JobConfig
from models.recommender import candidates, features, params, reasons, tracking
from models.recommender.item_similarity import Neighbours, neighbours
from models.recommender.params import Placement
from models.recommender.purchases import Purchases
from models.recommender.ranking import top_k
from models.recommender.tracking import Champion

NEIGHBOURS = 40
SIMILAR_PRODUCTS = 20
# Of the most bought products: time grows with the square of their number, 8,000 take 2 s.
NEIGHBOURS_OF = 8_000
MIN_TOGETHER = 5
REFUSED = "SELECT customer_id FROM gold.customers WHERE is_personalisation_allowed IS NOT TRUE"


def similar_products(purchases: Purchases) -> Neighbours:
    """The nearest products of every product that enough customers bought."""
    return neighbours(purchases.bought(), NEIGHBOURS, max_products=NEIGHBOURS_OF, min_together=MIN_TOGETHER)


def rank(
    purchases: Purchases, contests: Sequence[tuple[Placement, Champion]], similar: Neighbours
) -> pa.Table:
    """Candidates of every customer for every placement, with reasons."""
    tables = []
    for placement, champion in contests:
        score_rows = params.fit(champion.model, champion.params, purchases)
        hidden = purchases.bought() if placement.hides_bought else None
        ranking = top_k(score_rows, purchases.shape, placement.candidates, hidden)
        why = reasons.explain(purchases, ranking.products, similar)
        origin = candidates.Origin(placement.name, champion.model, champion.version)
        tables.append(candidates.of_customers(purchases, ranking, why, origin))
    return pa.concat_tables(tables)


def without(rows: pa.Table, customers: pa.Table) -> pa.Table:
    """The rows of other customers."""
    excluded = customers["customer_id"].combine_chunks()
    return rows.filter(pc.invert(pc.is_in(rows["customer_id"], value_set=excluded)))


def run(spark: SparkSession, config: JobConfig) -> Mapping[str, int]:
    """Nothing is kept of customers who refused personalisation: publishing gives them popular products."""
    contests = [(p, tracking.champion(p.name, config.settings)) for p in params.load_all()]
    purchases = features.read(spark, config.settings, config.as_of_date)
    similar = similar_products(purchases)
    ranked = without(rank(purchases, contests, similar), driver_sql.ask(spark, config.settings, REFUSED))
    made = (
        (catalog.ML_RECOMMENDATION_CANDIDATES, ranked),
        (catalog.ML_POPULAR_PRODUCT_CANDIDATES, candidates.popular(purchases)),
        (catalog.ML_SIMILAR_PRODUCT_CANDIDATES, candidates.similar(purchases, similar, SIMILAR_PRODUCTS)),
    )
    for table, rows in made:
        delta.replace_rows(spark, rows, table, f"as_of_date = DATE'{config.as_of_date}'")
    return {"customers": purchases.shape[0], "rows_written": ranked.num_rows}
