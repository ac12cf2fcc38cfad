"""Who is insured, who pays: pure rules, without I/O, clock or framework."""
