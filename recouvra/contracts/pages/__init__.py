"""The contracts as pages that a browser shows: made of the committed documents, whole in one file, without a script.

Nothing is fetched and nothing can be sent from them: whoever wants to publish has a producer. French comes first.
"""
