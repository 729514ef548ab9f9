"""The steps of the match engine on Spark, for more records than one process holds.

With a frozen model each step follows from a few records: `records` numbers them, `blocks` finds the pairs of
each block, `scores` compares pairs, `components` says what hangs together, `clusters` decides each component.
`run` puts them together. The functions on the workers are those of `spark_jobs.identity.engine`, so both ways
give the same clusters. Python on the workers goes through Arrow: the engine works on arrays.

What stands between two steps lies as Parquet in a working folder that all workers see.
"""
