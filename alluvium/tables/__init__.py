"""The tables of each room, gathered by `alluvium.catalog`."""
