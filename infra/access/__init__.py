"""Who may read what, as a table, and the policies that are made of it."""
