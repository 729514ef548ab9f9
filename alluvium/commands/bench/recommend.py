"""`alluvium bench recommend`: the best products of every customer, beside Spark's ALS on the same factors."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.bench.results import keep
from alluvium.console import console, print_json, step, table
from alluvium.errors import AlluviumError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Factors = NDArray[np.float32]
    Lists = NDArray[np.int64]

SHOWN = ("system", "customers", "seconds", "customers_per_second", "times_spark", "same_lists", "overlap")
SPARK = "Spark recommendForUserSubset"
AT_ONCE = 1_024  # Rows of a plain matrix product.


def made_up(customers: int, products: int, factors: int, seed: int) -> tuple[Factors, Factors]:
    """Vectors of customers and products whose products look like those of a fitted ALS: small and dense."""
    import numpy as np

    random = np.random.default_rng(seed)
    scale = np.float32(factors**-0.5)
    return (
        random.standard_normal((customers, factors), dtype=np.float32) * scale,
        random.standard_normal((products, factors), dtype=np.float32) * scale,
    )


def _ours(customers: Factors, products: Factors, k: int) -> Lists:
    from models.recommender.factors import score_rows
    from models.recommender.ranking import top_k

    shape = (len(customers), len(products))
    return top_k(score_rows(customers, products), shape, k).products


def _implicit(customers: Factors, products: Factors, k: int) -> Lists:
    import numpy as np
    from implicit.cpu.topk import topk

    return np.asarray(topk(products, customers, k, num_threads=2)[0], dtype=np.int64)


def _product(customers: Factors, products: Factors, k: int) -> None:
    """What no ranking can be faster than: all scores, and nothing done with them."""
    for start in range(0, len(customers), AT_ONCE):
        customers[start : start + AT_ONCE] @ products.T


def save_for_spark(folder: Path, customers: Factors, products: Factors) -> None:
    """Write the factors in the layout of Spark's ALSModel, so that Spark ranks with the very same numbers."""
    import numpy as np
    import polars as pl

    rank = customers.shape[1]
    said = {
        "class": "org.apache.spark.ml.recommendation.ALSModel",
        "timestamp": 0,
        "sparkVersion": "4.2.0",
        "uid": "ALS_bench",
        "paramMap": {},
        "defaultParamMap": {
            "blockSize": 4096,
            "coldStartStrategy": "nan",
            "itemCol": "item",
            "predictionCol": "prediction",
            "userCol": "user",
        },
        "rank": rank,
    }
    (folder / "metadata").mkdir(parents=True)
    (folder / "metadata" / "part-00000").write_text(json.dumps(said) + "\n", encoding="utf-8")
    for name, rows in (("userFactors", customers), ("itemFactors", products)):
        (folder / name).mkdir()
        ids = np.arange(len(rows), dtype=np.int32)
        frame = pl.DataFrame({"id": ids, "features": pl.Series(rows).arr.to_list()})
        frame.write_parquet(folder / name / "part-00000.parquet")


def _spark(settings: Settings, folder: Path, customers: int, k: int) -> tuple[Lists, float]:
    """Spark's lists of the first `customers`, and the seconds of the second time it was asked."""
    import numpy as np
    from pyspark.ml.recommendation import ALSModel

    from alluvium.spark.session import connect

    with connect(settings) as spark:
        model = ALSModel.load(str(folder))
        asked = spark.range(customers).selectExpr("CAST(id AS INT) AS user")
        model.recommendForUserSubset(asked.limit(100), k).toArrow()
        began = time.perf_counter()
        found = model.recommendForUserSubset(asked, k).toArrow()
        seconds = time.perf_counter() - began
    order = np.argsort(found["user"].to_numpy())
    items = found["recommendations"].combine_chunks().flatten().field("item").to_numpy()
    return items.reshape(-1, k)[order].astype(np.int64), seconds


def agreement(lists: Lists, others: Lists) -> tuple[float, float]:
    """Share of customers with the same list in the same order, and mean overlap of the lists."""
    import numpy as np

    same = float((lists == others).all(axis=1).mean())
    shared = (lists[:, :, None] == others[:, None, :]).any(axis=2)
    return same, float(np.mean(shared))


def _line(system: str, customers: int, seconds: float) -> dict[str, Any]:
    return {
        "system": system,
        "customers": customers,
        "seconds": round(seconds, 2),
        "customers_per_second": round(customers / seconds),
    }


def measured(
    settings: Settings, customers: int, spark_customers: int, products: int, factors: int, k: int, seed: int
) -> list[dict[str, Any]]:
    """One line per system, Spark first; `times_spark` is how many times as many customers a second."""
    given = made_up(customers, products, factors, seed)
    folder = Path(tempfile.mkdtemp(dir=settings.home))
    try:
        save_for_spark(folder / "als", *given)
        with step(f"{SPARK}, {spark_customers:,} customers"):
            by_spark, seconds = _spark(settings, folder / "als", spark_customers, k)
    finally:
        shutil.rmtree(folder)
    lines = [_line(SPARK, spark_customers, seconds)]
    rivals: dict[str, Callable[..., Lists | None]] = {
        "Alluvium": _ours,
        "implicit": _implicit,
        "matrix product alone": _product,
    }
    for system, rank in rivals.items():
        with step(f"{system}, {customers:,} customers"):
            began = time.perf_counter()
            lists = rank(*given, k)
            lines.append(_line(system, customers, time.perf_counter() - began))
        if lists is not None:
            same, overlap = agreement(lists[:spark_customers], by_spark)
            lines[-1] |= {"same_lists": round(same, 4), "overlap": round(overlap, 4)}
    for line in lines:
        line["times_spark"] = round(line["customers_per_second"] / lines[0]["customers_per_second"], 1)
    return lines


def recommend(
    customers: Annotated[int, typer.Option(min=1, help="Customers; MovieLens 20M has 138,493")] = 138_493,
    products: Annotated[int, typer.Option(min=1, help="Products; MovieLens 20M has 26,744")] = 26_744,
    factors: Annotated[int, typer.Option(min=1, help="Numbers per vector")] = 64,
    top: Annotated[int, typer.Option(min=1, help="Products per customer")] = 10,
    spark_customers: Annotated[
        int, typer.Option(min=1, help="Customers that Spark ranks: it would take minutes for all")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="Of the made-up vectors")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Rank every product for every customer, here and by Spark, from the same vectors; see reports/."""
    settings = get_settings()
    if spark_customers > customers:
        raise AlluviumError(
            f"Spark cannot rank for {spark_customers:,} of {customers:,} customers",
            do="Give fewer --spark-customers",
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    figures = measured(settings, customers, spark_customers, products, factors, top, seed)
    target = keep(figures, "bench_recommend", settings.reports)
    if as_json:
        print_json(figures)
        return
    columns = [name.replace("_", " ") for name in SHOWN]
    table("The best products of everybody", columns, [[row.get(n) for n in SHOWN] for row in figures])
    console.print(f"Kept in {target}")
