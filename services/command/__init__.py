"""The ``cryowatch`` command: one file a verb."""
