"""The FHIR gateway: adverse events as FHIR AdverseEvent over HTTP, R4 under /r4 and R5 under /r5. It only reads."""
