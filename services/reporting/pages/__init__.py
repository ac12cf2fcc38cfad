"""The dashboard: the answers of the reports as HTML that needs no script. It asks nothing and sums nothing itself."""
