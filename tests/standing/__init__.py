"""What stands while tests run: brokers, databases and whole stacks, as processes of ours or as containers."""
