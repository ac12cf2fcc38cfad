"""What is kept of what was read: one file a fact, and the marks that say how far it is complete."""
