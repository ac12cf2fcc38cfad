"""The read models made again from the topics, beside those that serve, and put in their place."""
