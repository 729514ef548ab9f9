"""Keeping the lake small and quick: compaction and removal of what no version within retention needs."""
