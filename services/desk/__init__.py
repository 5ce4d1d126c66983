"""desk: dead letters, reviews, decisions and the trail over HTTP; sends replays, decisions and the trail to Kafka."""
