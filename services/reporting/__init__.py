"""Reporting: every published fact kept as it came, and the figures that follow from them as of any instant."""
