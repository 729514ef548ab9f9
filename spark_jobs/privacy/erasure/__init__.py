"""Erase people: tokens first, then landing files, tables, exports and whatever else holds them, then proof.

Each module takes one kind of place; `steps` runs them in order and goes on where a kill ended it.
"""
