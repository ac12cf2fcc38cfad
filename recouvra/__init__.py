"""Recouvra: event-driven contribution collection for compulsory health insurance."""
