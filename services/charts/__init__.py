"""Charts in PostgreSQL: facts by kin group, and the one transaction that publishes what they amount to."""
