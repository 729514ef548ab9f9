"""The match engine: any table of records in, clusters of records that are one person (or thing) out.

One module per step, in this order: `columns` (roles of columns), `prepare` (comparable forms in canonical
order), `blocking` (candidate pairs), `bag`, `day`, `value` (levels of agreement), `weights` (EM), `linkage`
(average linkage), `entities` (merging clusters, moving records), `aliases`. `run` puts them together. No
Spark, no lake, no clock, no labels.
"""
