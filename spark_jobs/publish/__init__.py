"""Recommendations and audience files go out."""
