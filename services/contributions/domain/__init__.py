"""What is due, what came in, what is owed: pure rules, without I/O, clock or framework."""
