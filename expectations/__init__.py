"""Gates at the borders between layers: what is written is measured once, and Great Expectations judges it.

Row by row is the contracts' business (`spark_jobs/ingest`). A gate asks each table one aggregate query and
hands Great Expectations a small frame of figures, one row per table, because an expectation on a Spark table
costs a query of its own, and would bring failing values to the driver and into results.
"""
