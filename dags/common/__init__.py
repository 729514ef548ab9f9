"""What the DAG files share: assets, defaults, tasks and the run date."""
