"""complication_metrics: the complication rates as Prometheus gauges, from the record and never from counters."""
