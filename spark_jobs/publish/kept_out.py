"""Who was held out since when: `published.audience_holdouts`, the other half of every experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alluvium import catalog
from alluvium.lake import delta
from spark_jobs.publish.driver_candidates import ask, is_there
from spark_jobs.publish.moves import HELD_OUT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alluvium.job import JobConfig

TABLE = catalog.PUBLISHED_AUDIENCE_HOLDOUTS
# Who was kept out on an earlier night stays what that night wrote. The text is read by both engines.
KEPT_OUT = f"""
SELECT drafts.segment, drafts.platform, drafts.customer_id,
    CASE WHEN known.held_since < drafts.run_date THEN known.held_since ELSE drafts.run_date END AS held_since,
    CASE WHEN known.held_since < drafts.run_date THEN known.definition_version
        ELSE drafts.definition_version END AS definition_version
FROM published.audience_drafts AS drafts LEFT JOIN published.audience_holdouts AS known
    ON known.segment = drafts.segment AND known.platform = drafts.platform
        AND known.customer_id = drafts.customer_id
WHERE drafts.move = '{HELD_OUT}' AND drafts.run_date = DATE'{{night}}'
"""
ANYBODY = f"SELECT 1 FROM published.audience_drafts WHERE move = '{HELD_OUT}' LIMIT 1"


def remember(spark: SparkSession, config: JobConfig) -> None:
    """Note who is kept out tonight, in one commit, or none when nobody is for the first time."""
    settings, query = config.settings, KEPT_OUT.format(night=config.run_date)
    is_undone = f"(t.held_since >= DATE '{config.run_date}')"
    is_here = is_there(settings, catalog.PUBLISHED_AUDIENCE_DRAFTS)
    if not is_there(settings, TABLE):
        if is_here and ask(settings, ANYBODY).fetchone() is None:
            return
        delta.create(spark, TABLE)
    if is_here:
        path = settings.lake / TABLE.schema / TABLE.name
        rows = ask(settings, query).to_arrow_table()
        delta.merge_rows(rows, TABLE, path, on=TABLE.key, delete_missing=is_undone)
    else:
        delta.merge(spark.sql(query), TABLE, on=TABLE.key, delete_missing=is_undone)
