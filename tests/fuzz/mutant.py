"""One mutated message, and an endless, repeatable supply of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from simulators.message import FHIR, HL7V2, TELEMETRY
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.er7_mutations import mutate_er7
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.seeds import Seed

STEPS = (1, 1, 1, 1, 2, 2, 3, 4)
"""How many steps are taken on one message: the more, the less of it is left to read."""

BYTES_SHARE, HEADERS_SHARE, OTHER_TOPIC_SHARE = 0.25, 0.03, 0.02
ODD_HEADERS = (b"", b"\x00", b"\xff\xfe", "Ünïcode|Ost".encode(), b"A" * 400, b"EHR\n", b"PACSREP|IEO", b"\xed\xa0\x80")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutated message. ``number`` and the run's seed make it again; ``recipe`` names what was done to it."""

    number: int
    topic: str
    value: bytes
    seed: str
    recipe: tuple[str, ...] = ()
    key: bytes | None = None
    headers: dict[str, bytes] = field(default_factory=dict)


def mutants(seeds: list[Seed], seed: int, count: int, first: int = 0) -> Iterator[Mutant]:
    """Mutants ``first`` to ``first + count`` of a run; each is made from its number alone, so any can be remade."""
    for number in range(first, first + count):
        yield mutant(seeds, seed, number)


def mutant(seeds: list[Seed], seed: int, number: int) -> Mutant:
    """The mutant of that number."""
    rng = Random(f"{seed}/{number}")
    chosen = rng.choice(seeds)
    value, recipe = chosen.value, []
    for _ in range(rng.choice(STEPS)):
        other = rng.choice(seeds).value
        if rng.random() < BYTES_SHARE:
            value, name = mutate_bytes(rng, value, other)
        elif chosen.topic == HL7V2:
            value, name = mutate_er7(rng, value, other)
        else:
            value, name = mutate_json(rng, value, other)
        recipe.append(name)
    topic, headers = chosen.topic, dict(chosen.headers)
    if rng.random() < OTHER_TOPIC_SHARE:
        topic = rng.choice((HL7V2, FHIR, TELEMETRY))
        recipe.append("other_topic")
    if rng.random() < HEADERS_SHARE:
        headers = {rng.choice(("cw-sender", "cw-source", "")): rng.choice(ODD_HEADERS)}
        recipe.append("odd_headers")
    return Mutant(number, topic, value, chosen.name, tuple(recipe), chosen.key, headers)
