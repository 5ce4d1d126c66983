"""Labelled sentences and reports, a third of them blind, and what the reader makes of them."""
