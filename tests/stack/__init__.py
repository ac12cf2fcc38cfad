"""The whole product as processes, on a real broker and database."""
