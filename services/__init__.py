"""The services of a fund; each a folder, none imports another."""
