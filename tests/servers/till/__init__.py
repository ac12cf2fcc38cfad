"""A till, the smallest service that the exactly-once core can carry: it sums payments and says each one as held."""
