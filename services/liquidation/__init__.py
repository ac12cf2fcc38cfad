"""Liquidation: care forms adjudicated."""
