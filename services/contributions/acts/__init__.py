"""What can be asked of contributions, a verb each."""
