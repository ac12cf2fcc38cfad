"""Contributions: what is due, what came in, what is owed."""
