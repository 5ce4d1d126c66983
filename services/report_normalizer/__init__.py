"""Inbound HL7 v2, FHIR and decisions to facts: ``handler`` is pure, ``app`` puts it between topics and outbox."""
