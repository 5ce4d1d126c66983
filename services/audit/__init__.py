"""The audit trail: who read, changed or replayed what, as FHIR AuditEvent (R4) in the pattern of IHE BALP."""
