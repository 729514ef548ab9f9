"""A learned order of candidates: several models propose, gradient-boosted trees decide."""
