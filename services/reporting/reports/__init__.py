"""The figures: one file a report, with its keys, its row, its SQL and its columns."""
