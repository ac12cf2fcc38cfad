"""Making inbound records, by subject; `tests.builders` is its door. Nothing of the product is imported here."""
