"""The shell: Kafka, PostgreSQL, the clock, the environment, logs and health. It knows nothing of medicine."""
