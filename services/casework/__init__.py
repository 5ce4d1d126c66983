"""What people do: dead letters handled, events decided on, reviews, the trail read. Each act leaves its audit record.

The ``cryowatch`` command and the desk's HTTP door stand on the same functions.
"""
