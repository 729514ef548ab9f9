"""Keys, audit, erasures, roles and how long things are kept."""
