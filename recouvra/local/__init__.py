"""The stack without Docker: PostgreSQL, Apache Kafka and the services as child processes of one command."""
