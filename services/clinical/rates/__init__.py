"""Rate contributions, strata and confidence bounds."""
