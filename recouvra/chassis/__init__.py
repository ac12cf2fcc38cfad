"""How a service runs: settings, database, the batch reader, outbox and relay, dead letters, HTTP. Knows no rule."""
