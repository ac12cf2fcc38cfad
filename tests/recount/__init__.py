"""The independent recomputation, by subject; `tests.oracle` is its door. Nothing of the product is imported here."""
