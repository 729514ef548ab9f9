"""Who will stop buying."""
