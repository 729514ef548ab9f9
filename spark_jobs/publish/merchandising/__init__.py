"""What the shop itself says of products: which to show more, and which only to some customers."""
