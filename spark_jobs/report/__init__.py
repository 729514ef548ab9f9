"""The page that people look at in the morning."""
