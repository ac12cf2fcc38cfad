"""Where the outside comes in: events and HTTP. They unwrap and call; they decide nothing."""
