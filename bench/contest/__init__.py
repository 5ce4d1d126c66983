"""The same work by CryoWatch's services and by other ways of consuming Kafka; ``python -m bench.pipeline`` runs it."""
