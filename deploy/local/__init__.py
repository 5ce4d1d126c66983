"""A real Kafka, a real PostgreSQL and all services on this machine, from pip packages alone."""
