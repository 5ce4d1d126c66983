"""The revision of what is published: it only grows, and is the same after a replay.

Compared part by part: the rule epoch (a number committed with the rules), how many fact versions the kin group holds,
and the phase. Every sink keeps the highest revision that it has seen, so a worker that was thought dead can't win.
"""

from services.clinical.events.adverse_event import Phase

EPOCH = 3
"""Raised by hand with every change of rules or reader that may change what is published."""

_PHASES = {Phase.OPEN: 0, Phase.CLOSED: 1, Phase.FINAL: 2}


def revision(epoch: int, weight: int, phase: Phase, *, overdue: bool = False) -> int:
    """One 64-bit number that sorts like (epoch, weight, phase, whether the follow-up CT can no longer come)."""
    return (epoch << 44) | (weight << 4) | (_PHASES[phase] << 2) | int(overdue)
