"""Reporting: read models and HTTP reports over every published fact."""
