"""Segments without SQL: a YAML document of conditions, compiled to the same checked SQL."""
