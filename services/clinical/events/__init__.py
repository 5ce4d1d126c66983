"""From findings and care to adverse events."""
