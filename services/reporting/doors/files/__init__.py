"""A table as a file: one file a form, each written row by row so that memory stays flat."""
