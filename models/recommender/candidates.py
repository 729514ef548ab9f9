"""Rankings as rows: the tables that publishing reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from models.recommender.item_similarity import Neighbours
from models.recommender.purchases import Purchases
from models.recommender.ranking import NOTHING, Ranking
from models.recommender.reasons import Reasons

POPULAR_WINDOW_DAYS = 28
# Longer than anybody's shopping list, so that everybody finds 20 among them that are new.
POPULAR_PRODUCTS = 10_000
# With fewer buyers the favourites of a region are chance.
REGION_BUYERS = 50
REGIONAL_PRODUCTS = 500


@dataclass(frozen=True)
class Origin:
    """Which model made a ranking, for which placement.

    In an experiment the rows of some customers are a `challenger`'s, which has no version in the registry.
    """

    placement: str
    model: str
    version: str | None
    challenger: str | None = None
    is_challenged: NDArray[np.bool_] | None = None  # by row of the ranking

    def columns(self, row: NDArray[np.int64]) -> dict[str, pa.Array]:
        """Placement, model and version of some rows of the ranking."""
        nobody = np.zeros(len(row), dtype=bool)
        is_theirs = pa.array(nobody if self.is_challenged is None else self.is_challenged[row])
        version = pa.scalar(self.version, pa.string())
        return {
            "placement": pa.repeat(self.placement, len(row)),
            "model": pc.if_else(is_theirs, self.challenger or self.model, self.model),
            "model_version": pc.if_else(is_theirs, pa.scalar(None, pa.string()), version),
        }


def _dictionary(ids: NDArray[np.str_], indices: NDArray[np.int64]) -> pa.Array:
    """Ids by index, null for NOTHING."""
    known = pa.array(ids.tolist(), type=pa.string())
    return known.take(pa.array(indices, mask=indices == NOTHING))


def of_customers(
    purchases: Purchases,
    ranking: Ranking,
    reasons: Reasons,
    origin: Origin,
    customers: NDArray[np.int64] | None = None,
    ranks: NDArray[np.int64] | None = None,
) -> pa.Table:
    """One row per customer, placement and rank; the columns of ml.recommendation_candidates.

    The rows of the ranking are those of `customers` (indices), by default all of `purchases`; the ranks are
    1, 2, ... unless others are given.
    """
    is_there = ranking.products != NOTHING
    row, column = np.nonzero(is_there)
    whose = row if customers is None else customers[row]
    count_rows = len(row)
    interval, by = reasons.interval_days[is_there], origin.columns(row)
    columns = {
        "customer_id": _dictionary(purchases.customers, whose),
        "placement": by["placement"],
        "rank": pa.array(column + 1 if ranks is None else ranks[is_there], pa.int32()),
        "product_id": _dictionary(purchases.products, ranking.products[is_there]),
        "score": pa.array(np.round(ranking.scores[is_there].astype(np.float64), 6)),
        "reason_code": pa.array(reasons.codes[is_there].tolist(), pa.string()),
        "evidence_product_id": _dictionary(purchases.products, reasons.evidence[is_there]),
        "interval_days": pa.array(interval, pa.int32(), mask=interval == 0),
        "model": by["model"],
        "model_version": by["model_version"],
        "as_of_date": _constant(purchases.as_of_date, count_rows),
    }
    return pa.table(columns)


def _constant(day: date, count_rows: int) -> pa.Array:
    return pa.array([day] * count_rows, pa.date32())


def popular(purchases: Purchases) -> pa.Table:
    """The columns of ml.popular_product_candidates: by buyers of late, then by buyers ever, then by id."""
    lately = purchases.count_buyers(POPULAR_WINDOW_DAYS)
    ever = np.asarray(purchases.bought().sum(axis=0)).ravel()
    order = np.lexsort((np.arange(len(ever)), -ever, -lately))[:POPULAR_PRODUCTS]
    columns = {
        "rank": pa.array(np.arange(1, len(order) + 1), pa.int32()),
        "product_id": _dictionary(purchases.products, order),
        "count_customers": pa.array(lately[order].astype(np.int64)),
        "as_of_date": _constant(purchases.as_of_date, len(order)),
    }
    return pa.table(columns)


def popular_nearby(purchases: Purchases, regions: pa.Table) -> pa.Table:
    """The columns of ml.regional_product_candidates: what every region with enough buyers bought.

    `regions` has customer_id and region; one row per customer.
    """
    recent = purchases.within_days(POPULAR_WINDOW_DAYS).bought()
    place = pc.index_in(pa.array(purchases.customers.tolist(), pa.string()), regions["customer_id"])
    encoded = pc.take(regions["region"].combine_chunks(), place).dictionary_encode()
    names, region = encoded.dictionary.to_pylist(), encoded.indices.fill_null(-1).to_numpy()
    tables = [_of_region(purchases, recent[region == code], name) for code, name in enumerate(names)]
    return pa.concat_tables([_of_region(purchases, recent[:0], ""), *tables])


def _of_region(purchases: Purchases, recent: sparse.csr_matrix, region: str) -> pa.Table:
    count_buyers = np.asarray(recent.sum(axis=0)).ravel()
    is_enough = np.count_nonzero(np.diff(recent.indptr)) >= REGION_BUYERS
    order = np.lexsort((np.arange(len(count_buyers)), -count_buyers))[: REGIONAL_PRODUCTS if is_enough else 0]
    order = order[count_buyers[order] > 0]
    columns = {
        "region": pa.array([region] * len(order), pa.string()),
        "rank": pa.array(np.arange(1, len(order) + 1), pa.int32()),
        "product_id": _dictionary(purchases.products, order),
        "count_customers": pa.array(count_buyers[order].astype(np.int64)),
        "as_of_date": _constant(purchases.as_of_date, len(order)),
    }
    return pa.table(columns)


def similar(purchases: Purchases, found: Neighbours, k: int) -> pa.Table:
    """The columns of ml.similar_product_candidates: the first k neighbours of each product."""
    products, scores = found.ranking.products[:, :k], found.ranking.scores[:, :k]
    is_there = products != NOTHING
    row, column = np.nonzero(is_there)
    columns = {
        "product_id": _dictionary(purchases.products, found.products[row]),
        "rank": pa.array(column + 1, pa.int32()),
        "similar_product_id": _dictionary(purchases.products, products[is_there]),
        "score": pa.array(np.round(scores[is_there].astype(np.float64), 6)),
        "as_of_date": _constant(purchases.as_of_date, len(row)),
    }
    return pa.table(columns)
