"""What can be asked of liquidation, a verb each."""
