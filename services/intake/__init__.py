"""The front door: HL7 v2 by MLLP and FHIR by HTTP, stored in Kafka as they came before anything is acknowledged."""
