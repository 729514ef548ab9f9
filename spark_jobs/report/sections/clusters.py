"""Which customers behave alike, and how sure that is."""

from __future__ import annotations

import json

from spark_jobs.report import charts
from spark_jobs.report.lake import Lake, NotThereError
from spark_jobs.report.page import Grid, Picture, Section

SIZES = """
select cluster, cluster_name, count(*) as customers, avg(probability) as certainty,
    count(*) filter (where is_outlier) as outliers
from ml.customer_clusters where cluster is not null group by all order by cluster
"""
WITHOUT = """
select reason_code, count(*) as customers from ml.customer_clusters
where cluster is null group by all order by reason_code
"""
FIT = """
select run_date, k, silhouette, stability, elbow_k, candidates, picture
from ml.cluster_fits where run_date <= ? order by run_date desc limit 1
"""
LEAD = "Customers who behave alike, found without a rule."
COLUMNS = ("cluster", "what sets it apart", "customers", "certainty", "outliers")
TRIED = ("k", "silhouette", "stability", "inertia", "mixture_silhouette", "mixture_bic", "mixture_agreement")
CHOSEN = (
    "{k} clusters since {run_date}: silhouette {silhouette:.2f}, stability {stability:.2f}; the elbow is at "
    "{elbow_k}. Below a silhouette of 0.25 clusters are cuts through a cloud, not groups apart."
)


def section(lake: Lake) -> Section:
    """The clusters of the night, the plane they lie on, and the numbers of clusters that were tried."""
    try:
        sizes = [list(row.values()) for row in lake.rows(SIZES)]
        without = [list(row.values()) for row in lake.rows(WITHOUT)]
        fit = lake.one(FIT, lake.run_date)
    except NotThereError:
        sizes, without, fit = [], [], {}
    if not fit or not sizes:
        return Section(
            "Clusters", LEAD, missing="There are none yet: training finds them from 100 customers on"
        )
    drawn = json.loads(fit["picture"])
    tried = [[one[name] for name in TRIED] for one in json.loads(fit["candidates"])]
    blocks: list[Picture | Grid] = [
        Grid("Tonight", COLUMNS, sizes),
        Picture(
            "Customers on a plane",
            charts.scatter(drawn["points"], "x", "y", "cluster"),
            f"Two principal components, which show {drawn['variance']:.0%} of what differs.",
        ),
        Grid("Numbers of clusters that were tried", TRIED, tried, CHOSEN.format(**fit)),
        Grid("Without a cluster", ("reason", "customers"), without),
    ]
    return Section("Clusters", LEAD, blocks)
