"""Micro-segments: customers who behave alike, found without anybody saying what to look for."""
