"""What the law says: dated parameters with their sources, and the pure rules that read them."""
