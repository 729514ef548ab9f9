"""When things run, and nothing else: Airflow DAGs chained by assets."""
