"""What a care form comes to, and when: pure rules, without I/O, clock or framework."""
