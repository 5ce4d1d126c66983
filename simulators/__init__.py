"""A simulated hospital that treats tumors by cryoablation and tells about it as hospitals do.

It writes raw console frames, HL7 v2 text and FHIR resources, and beside them the truth, which no service
reads. Services never import this package; it imports nothing of theirs but the message contracts.
"""
