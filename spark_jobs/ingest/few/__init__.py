"""Batches of few rows, as almost every night's are: Spark reads and judges them, the rest is done on Arrow.

A statement costs Spark up to a second whatever it works on, and a batch took half a dozen. The tables end up
as `spark_jobs.ingest.batch` and its neighbours leave them, which do the same for any number of rows.
"""
