"""Mutated messages of every kind, and what must hold for each: no service stops, and every input is accounted for."""
