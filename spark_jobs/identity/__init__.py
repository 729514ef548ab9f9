"""Identity: which records are the same person, and the id that stays with them."""
