"""desk: dead letters, reviews and decisions over HTTP; sends replays, decisions and the audit trail to Kafka."""
