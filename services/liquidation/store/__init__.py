"""Load and save in sets: SQL beside the function that runs it, arrays in and out, never a loop of statements."""
