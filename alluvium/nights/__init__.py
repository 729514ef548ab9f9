"""A night in one process, and what is known of the last one."""
