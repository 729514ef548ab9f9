"""The nouns of the command line, one module each; `alluvium.cli` imports them when they are called."""
