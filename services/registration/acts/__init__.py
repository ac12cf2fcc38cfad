"""What can be asked of registration, a verb each."""
