"""The warehouse as a job: everything in `dbt_project/`, built in one dbt invocation."""
