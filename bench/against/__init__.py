"""What others would run on the same lines, each as its own documentation has it; beside it, what it is run with."""
