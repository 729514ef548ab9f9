"""Who is in which segment: `definitions/<segment>.sql`, one segment a file."""
