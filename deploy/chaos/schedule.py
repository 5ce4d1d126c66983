"""Which fault strikes when: a list that a seed decides and that can be printed.

Faults come in storms. A storm is one or two faults of the ground (a server, a disk, the network, a schema, a console's
clock) and one or two of the services while they last: a worker that dies with work in hand during an outage is what
loses messages in practice. Between storms the pipeline settles and is compared with the oracle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

PROCESSORS = ("report_normalizer", "telemetry_reducer", "procedure_joiner")
OTHERS = ("window_timer", "complication_metrics", "fhir_gateway", "intake", "desk")
SESSION_SECONDS = 6.0
"""Kafka's shortest session: a pause must outlast it."""

GUARDED = ("database_kill", "broker_kill", "slow_network", "schema_missing", "database_full")
"""Faults of the ground that the guards of the pipeline stand against: a short run deals these first."""

FURTHER = (
    "broker_stop",
    "database_stop",
    "broker_full",
    "stalled_broker",
    "stalled_database",
    "cut_network",
    "console_clock",
)
SERVICE_FAULTS = ("kill", "kill", "zombie", "scale", "kill", "pause", "restart")
SHORT = frozenset(("schema_missing",))
FREEZING = frozenset(("pause", "zombie"))
"""A table can be renamed only between transactions: no worker is frozen in one meanwhile."""

PART = {
    "broker_stop": "broker",
    "broker_kill": "broker",
    "broker_full": "broker",
    "stalled_broker": "network",
    "stalled_database": "network",
    "slow_network": "network",
    "cut_network": "network",
    "database_stop": "database",
    "database_kill": "database",
    "database_full": "database",
    "schema_missing": "database",
    "console_clock": "console",
}
"""What a fault of the ground strikes."""

SECONDS = {
    "broker_stop": (1.5, 4.0),
    "broker_kill": (1.0, 3.0),
    "broker_full": (2.0, 4.0),
    "database_stop": (1.5, 4.0),
    "database_kill": (1.0, 3.0),
    "database_full": (2.0, 4.0),
    "slow_network": (3.0, 6.0),
    "stalled_broker": (2.0, 5.0),
    "stalled_database": (2.0, 5.0),
    "cut_network": (0.1, 0.3),
    "schema_missing": (1.0, 2.0),
    "console_clock": (2.0, 4.0),
    "kill": (0.1, 1.5),
    "pause": (SESSION_SECONDS + 1, SESSION_SECONDS + 3),
    "zombie": (SESSION_SECONDS + 1, SESSION_SECONDS + 3),
    "restart": (0.1, 0.5),
    "scale": (4.0, 6.0),
}
KINDS = tuple(SECONDS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, to whom, when in its storm (s), and for how long (s) before it is lifted."""

    kind: str
    target: str
    at: float
    lasts: float

    def __str__(self) -> str:
        whom = f" {self.target}" if self.target else ""
        return f"{self.at:4.1f} s  {self.kind}{whom} for {self.lasts:.1f} s"


Storm = tuple[Fault, ...]


def schedule(seed: int, faults: int, kinds: Sequence[str] = KINDS) -> list[Storm]:
    """Storms that hold ``faults`` faults in all. The same arguments give the same list. ValueError in words."""
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(f"no such fault: {', '.join(unknown)}; choose among {', '.join(KINDS)}")
    rng = Random(f"chaos {seed}")  # noqa: S311  # a schedule is to be repeated, not to be secret
    ground = _Deck(rng, [k for k in GUARDED if k in kinds], [k for k in FURTHER if k in kinds])
    services = _Deck(rng, [], [k for k in SERVICE_FAULTS if k in kinds])
    victims = {kind: _Deck(rng, PROCESSORS, OTHERS if kind == "kill" else ()) for kind in dict.fromkeys(SERVICE_FAULTS)}
    storms: list[Storm] = []
    left = faults
    while left > 0:
        drawn = ground.draw(rng.choice((1, 2, 2)) if left > 1 else 1, _together)
        storm = [_fault(rng, kind, _object(rng, kind), rng.uniform(0.1, 0.6)) for kind in drawn]
        barred = FREEZING if SHORT & set(drawn) else frozenset[str]()
        for kind in services.draw(min(left - len(storm), rng.choice((1, 2, 2))), partial(_outside, barred)):
            struck = frozenset(fault.target for fault in storm)
            for target in victims[kind].draw(1, partial(_outside, struck)):
                storm.append(_fault(rng, kind, target, rng.uniform(0.4, 1.6)))
        if not storm:
            raise ValueError("no fault is left to deal")
        storms.append(tuple(sorted(storm, key=lambda fault: fault.at)))
        left -= len(storm)
    return storms


class _Deck:
    """Cards without end: the first ones shuffled, then the others, then all of them again and again."""

    def __init__(self, rng: Random, first: Sequence[str], then: Sequence[str]) -> None:
        self._rng, self._all = rng, [*first, *then]
        self._cards = [*rng.sample(first, len(first)), *rng.sample(then, len(then))]

    def draw(self, number: int, fits: Callable[[Sequence[str], str], bool]) -> list[str]:
        """The next cards that fit to those drawn before; what doesn't fit stays on top."""
        drawn: list[str] = []
        while self._all and len(drawn) < number:
            if len(self._cards) < len(self._all):
                self._cards += self._rng.sample(self._all, len(self._all))
            card = next((card for card in self._cards if fits(drawn, card)), None)
            if card is None:
                break
            self._cards.remove(card)
            drawn.append(card)
        return drawn


def _together(held: Sequence[str], kind: str) -> bool:
    """Whether a fault of the ground can strike together with others: not twice the same part."""
    return not any(PART[kind] == PART[one] for one in held)


def _outside(barred: frozenset[str], _: Sequence[str], card: str) -> bool:
    return card not in barred


def _fault(rng: Random, kind: str, target: str, at: float) -> Fault:
    shortest, longest = SECONDS[kind]
    return Fault(kind, target, round(at, 2), round(rng.uniform(shortest, longest), 2))


def _object(rng: Random, kind: str) -> str:
    """What a fault of the ground is about, where there is a choice."""
    choices: dict[str, Callable[[], str]] = {
        "schema_missing": lambda: rng.choice(("message_ledger", "facts")),
        "cut_network": lambda: rng.choice(("broker", "database")),
        "console_clock": lambda: rng.choice(("-26 h", "-40 min", "+35 min", "+9 h")),
    }
    return choices[kind]() if kind in choices else ""


def lines(storms: Sequence[Storm]) -> list[str]:
    """The schedule in words, a line a fault."""
    return [f"storm {number:3d}, {fault}" for number, storm in enumerate(storms, 1) for fault in storm]
