"""Who was treated, where, and what happened to them: cohorts as plain data."""
