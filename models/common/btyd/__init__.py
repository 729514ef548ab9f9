"""Buy till you die: probabilistic models of how often, how much and how long somebody buys."""
