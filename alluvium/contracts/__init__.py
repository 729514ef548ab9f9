"""What a source promises, and reading it."""
