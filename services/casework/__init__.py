"""What people do: dead letters handled, events decided on, things to review. Each act leaves its audit record.

The ``cryowatch`` command and the desk's HTTP door stand on the same functions.
"""
