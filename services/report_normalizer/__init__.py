"""Inbound HL7 v2 and FHIR to facts: ``handler`` is pure, ``app`` puts it between the topics, ledger and outbox."""
