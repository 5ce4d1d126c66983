"""Console frames to treatment summaries."""
