"""Breakdowns that are published again and again, with differential privacy and a budget."""
