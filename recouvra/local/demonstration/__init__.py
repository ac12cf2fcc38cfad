"""The demonstration: a made country's history of contributions, and its way into a running stack."""
