"""The `recouvra` command: one file per verb; what only one verb needs is imported inside it."""
