"""FHIR resources and Bundles (R4, R4B and R5, JSON) to facts. Tolerant: it reads the elements that it needs."""
