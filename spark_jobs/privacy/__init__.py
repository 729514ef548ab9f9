"""What is held about a person: found, given out, erased, and the proof that it is gone."""
