"""What a customer will spend."""
