"""What goes wrong between a sender and its receiver: repeats, disorder, delay, garbled copies.

The truth survives all of it: nothing is dropped, and the good version of a garbled message follows it. Wrong
and withdrawn reports are made in ``report_chains.py``, by the same dial.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from simulators.message import HL7V2, TELEMETRY, Message
from simulators.randomness import stream

REPEAT_SHARE = 0.2
GARBLED_SHARE = 0.05
DELAYED_SHARE = 0.08
SHUFFLED_SHARE = 0.5
LONGEST_DELAY = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How many messages were repeated, garbled (each followed by its good version) and delayed."""

    repeated: int
    garbled: int
    delayed: int


def with_faults(
    messages: Iterable[Message], seed: int, faults: float, horizon: datetime
) -> tuple[list[Message], FaultCount]:
    """The messages in the order in which they arrive. ``faults`` is the dial from 0 (none) to 1."""
    ordered = sorted(messages, key=lambda message: message.sim_time)
    rng = stream(seed, "faults")
    arrived: list[Message] = []
    repeated = garbled = delayed = 0
    for message in ordered:
        good = message
        if rng.random() < DELAYED_SHARE * faults:
            good = _delay(good, timedelta(seconds=rng.uniform(3600, LONGEST_DELAY.total_seconds())), horizon)
            delayed += 1
        elif rng.random() < SHUFFLED_SHARE * faults:
            good = _delay(good, timedelta(seconds=rng.expovariate(1 / 5400)), horizon)
        if rng.random() < GARBLED_SHARE * faults:
            arrived.append(replace(good, value=_garble(rng, good)))
            garbled += 1
        arrived.append(good)
        if rng.random() < REPEAT_SHARE * faults:
            arrived.append(_delay(good, timedelta(seconds=rng.expovariate(1 / 7200)), horizon))
            repeated += 1
    arrived.sort(key=lambda message: message.sim_time)
    return arrived, FaultCount(repeated, garbled, delayed)


def _delay(message: Message, delay: timedelta, horizon: datetime) -> Message:
    return replace(message, sim_time=min(message.sim_time + delay, max(horizon, message.sim_time)))


def _garble(rng: Random, message: Message) -> bytes:
    """Bytes that nobody can take for a message: cut off, overwritten, or something else altogether.

    A cut HL7 message ends inside its header, so that half a report can't pass for a whole one.
    """
    value = message.value
    if message.topic == HL7V2:
        cut = value[: rng.randint(12, 40)]
        return rng.choice((cut, _noise(rng, 80), value[4:40], b"PING\r"))
    cut = value[: max(2, int(len(value) * rng.uniform(0.1, 0.9)))]
    if message.topic == TELEMETRY:
        unknown_phase = value.replace(b'"phase":"', b'"phase":"?', 1)
        return rng.choice((cut, _noise(rng, 60), unknown_phase, b"TEMP -160.2;LVL 88"))
    return rng.choice((cut, _noise(rng, 60), b"<html><body>502 Bad Gateway</body></html>", b"[]"))


def _noise(rng: Random, size: int) -> bytes:
    """Random bytes above ASCII: neither HL7, nor JSON, nor UTF-8, nor MLLP framing."""
    return bytes(rng.randint(0x80, 0xBF) for _ in range(size))
