"""The clinic as pure functions: facts in, procedure records, adverse events and rate contributions out.

Nothing here knows Kafka, a database, a clock or the environment; the standard library is all it imports.
"""
