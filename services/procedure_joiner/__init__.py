"""procedure_joiner: facts into charts; records, adverse events and rate contributions out."""
