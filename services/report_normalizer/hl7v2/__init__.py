"""HL7 v2 (2.2 to 2.9, ER7) to facts."""
