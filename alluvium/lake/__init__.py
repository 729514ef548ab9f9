"""Delta tables: verbs, ledgers, questions without Spark."""
