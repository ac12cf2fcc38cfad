"""Measured comparisons, each one command: `make bench`, or `python -m bench NAME`."""
