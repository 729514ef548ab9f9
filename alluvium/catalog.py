"""Every table of the lake, defined once: the names that jobs, commands and checks use."""

from __future__ import annotations

from alluvium.table import Table
from alluvium.tables import (
    gold,
    identity,
    ingest,
    models,
    ops,
    privacy,
    recommendations,
    recommender,
    segments,
)
from alluvium.tables.gold import *  # noqa: F403
from alluvium.tables.identity import *  # noqa: F403
from alluvium.tables.ingest import *  # noqa: F403
from alluvium.tables.models import *  # noqa: F403
from alluvium.tables.ops import *  # noqa: F403
from alluvium.tables.privacy import *  # noqa: F403
from alluvium.tables.recommendations import *  # noqa: F403
from alluvium.tables.recommender import *  # noqa: F403
from alluvium.tables.segments import *  # noqa: F403

SCHEMAS = {
    "bronze": "Every accepted row as delivered, typed",
    "silver": "One row per key: the current truth of each source",
    "pii": "Everything that names a person, and nothing else does",
    "identity": "Which records are the same customer; no personal data",
    "staging": "Views one to one on silver",
    "intermediate": "Steps between staging and the marts",
    "gold": "Marts: customers, orders, activity, features",
    "seeds": "Business rules as tables",
    "ml": "Scores, candidates and what they were trained on",
    "published": "Recommendations, segments and audiences that others read",
    "support": "Contact details with most of each value hidden, for who answers calls",
    "ops": "Ledgers of runs, batches, checks and audit",
}

_MODULES = (ops, privacy, ingest, gold, identity, models, recommender, recommendations, segments)

TABLES: dict[str, Table] = {
    value.full_name: value
    for module in _MODULES
    for value in vars(module).values()
    if isinstance(value, Table)
}

# Written through `alluvium.lake.ledger`, without Spark.
LEDGERS = (
    ops.OPS_RUNS,
    ops.OPS_MODEL_BUILDS,
    ops.OPS_CHECKS,
    ops.OPS_DELIVERED_DAYS,
    ops.OPS_ERASURES,
    ops.OPS_LEGAL_HOLDS,
    ops.OPS_AUDIT,
    privacy.PII_CONTACT_VAULT,
    privacy.SUPPORT_CUSTOMERS,
    privacy.OPS_KEY_TOMBSTONES,
    privacy.OPS_PRIVATE_RELEASES,
    ingest.OPS_BATCHES,
    identity.IDENTITY_RUNS,
    identity.IDENTITY_DECISIONS,
    models.ML_TRAINING_SETS,
    models.ML_MONITORING,
    models.ML_CLUSTER_FITS,
    segments.PUBLISHED_SEGMENT_RUNS,
    segments.PUBLISHED_SEGMENT_DEFINITIONS,
    segments.PUBLISHED_SEGMENT_PROPOSALS,
    segments.PUBLISHED_AUDIENCE_DELIVERIES,
)


def get(full_name: str) -> Table:
    """The table of that name; raises KeyError when the catalogue has none."""
    return TABLES[full_name]
