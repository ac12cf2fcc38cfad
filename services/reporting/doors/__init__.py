"""The doors: facts and marks come in, reports go out."""
