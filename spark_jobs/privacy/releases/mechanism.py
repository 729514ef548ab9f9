"""From a customer's rows to noisy figures: bound what one customer adds, add up, add OpenDP's noise.

The figures of all groups together are epsilon-differentially private for adding or taking away one customer,
whatever that customer did (Dwork, McSherry, Nissim and Smith 2006: Laplace noise for an L1 sensitivity).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from spark_jobs.privacy.releases.definition import Breakdown

# Which groups of a customer count is told by a hash, and by nothing that others do.
BOUNDED = """
WITH given AS (
    SELECT customer_id, group_name, CAST(sum(value) AS BIGINT) AS value FROM contributions
    WHERE customer_id IS NOT NULL AND group_name IN (SELECT unnest($groups))
    GROUP BY ALL
),
chosen AS (
    SELECT group_name, greatest(0, least(value, $most_value)) AS value FROM given
    QUALIFY row_number() OVER (
        PARTITION BY customer_id ORDER BY md5(customer_id || chr(31) || group_name), group_name
    ) <= $most_groups
)
SELECT group_name, CAST(sum(value) AS BIGINT) AS value FROM chosen GROUP BY ALL
"""


def bounded_sums(rows: pa.Table, breakdown: Breakdown) -> dict[str, int]:
    """The figure of every group, of which no customer can be more than the breakdown allows.

    `rows` has customer_id, group_name and value; rows without a customer or of no public group do not count.
    """
    with duckdb.connect() as opened:
        opened.register("contributions", rows)
        given = {"groups": list(breakdown.groups), "most_value": breakdown.most_value}
        found = opened.execute(BOUNDED, given | {"most_groups": breakdown.most_groups}).fetchall()
    return dict.fromkeys(breakdown.groups, 0) | dict(found)


@lru_cache(maxsize=32)
def _laplace(scale: float) -> Any:
    """OpenDP's discrete Laplace mechanism for a vector of whole numbers; half a second to load."""
    from opendp.domains import atom_domain, vector_domain
    from opendp.measurements import make_laplace
    from opendp.metrics import l1_distance
    from opendp.mod import enable_features

    enable_features("contrib")
    return make_laplace(vector_domain(atom_domain(T="i64")), l1_distance(T="i64"), scale=scale)


def cost(breakdown: Breakdown) -> float:
    """The epsilon that OpenDP proves for a release of the breakdown."""
    return float(_laplace(breakdown.scale).map(d_in=breakdown.sensitivity))


def noisy(sums: Mapping[str, int], breakdown: Breakdown) -> dict[str, int]:
    """The figures with noise. Below nothing is nothing: that is told by no data."""
    names = list(breakdown.groups)
    drawn = _laplace(breakdown.scale)([sums[name] for name in names])
    return {name: max(0, figure) for name, figure in zip(names, drawn, strict=True)}
