"""Which record decided what may be done with a person: the rule of `gold.consents`, with its evidence."""
