"""What to show each customer: models raced on the past, the winner of each placement scored every night."""
