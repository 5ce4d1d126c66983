"""The load: a cohort's messages in bursts, through the intake and straight into Kafka, from threads of its own.

Senders are patient, as hospital systems are: what isn't taken is offered again until it is.
"""

import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError

from simulators.intake_sink import IntakeError, IntakeSink
from simulators.kafka_sink import KafkaSink
from simulators.message import TELEMETRY, Message
from simulators.play import write_clock
from simulators.run import Run

_PATIENCE = 240.0
_CLOCK_SECONDS = 0.1


class Load:
    """Sends bursts of a run's messages; ``accepted`` counts by (topic, bytes) what was taken for good.

    Two senders work side by side, each in the run's order: one waits for the intake's answer to every message, the
    other writes straight into Kafka and isn't held up by it. ``now`` is the simulated instant that was reached.
    """

    def __init__(self, run: Run, kafka: str, mllp: str, fhir_url: str, clock_file: Path) -> None:
        self.run = run
        self.sent = 0
        self.refused = 0
        self.accepted: Counter[tuple[str, bytes]] = Counter()
        self.now = run.messages[0].sim_time.replace(microsecond=0)
        self._asked = 0
        self._kafka, self._mllp, self._fhir_url, self._clock_file = kafka, mllp, fhir_url, clock_file
        self._clock_due = 0.0
        self._skew: Callable[[], timedelta] = lambda: timedelta(0)
        self._lock = threading.Lock()
        self._bursts: tuple[queue.Queue[list[Message]], ...] = (queue.Queue(), queue.Queue())
        self._failed: BaseException | None = None

    def begin(self, skew: Callable[[], timedelta]) -> None:
        """Start sending what is asked for; console frames are skewed by what ``skew`` says at that moment."""
        self._skew = skew
        for work in (self._through_the_intake, self._straight_into_kafka):
            threading.Thread(target=self._carry_out, args=(work,), name=work.__name__, daemon=True).start()

    def burst(self, number: int) -> None:
        """Send so many messages more, in the background."""
        some = self.run.messages[self._asked : self._asked + number]
        numbered = list(enumerate(some, self._asked))
        self._asked += len(some)
        front = [m for n, m in numbered if m.topic != TELEMETRY and n % 2]
        self._bursts[0].put(front)
        self._bursts[1].put([m for n, m in numbered if m.topic == TELEMETRY or not n % 2])

    def set_clock(self, instant: datetime) -> None:
        """Set the simulated clock that the services read; it runs in whole seconds."""
        self.now = instant.replace(microsecond=0)
        self._clock_due = time.monotonic() + _CLOCK_SECONDS
        write_clock(self._clock_file, self.now)

    @property
    def busy(self) -> bool:
        """Whether messages are still to be sent or confirmed. Raises what ended the sending."""
        if self._failed:
            raise RuntimeError(f"the load can't be sent: {type(self._failed).__name__}") from self._failed
        return any(bursts.unfinished_tasks for bursts in self._bursts)

    def _carry_out(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:
            self._failed = problem

    def _through_the_intake(self) -> None:
        sink = IntakeSink(self._kafka, self._mllp, self._fhir_url)
        while True:
            for message in self._bursts[0].get():
                before = sink.refused
                _insist(partial(sink.send, message))
                self._count(message, taken=sink.refused == before)
            self._end(self._bursts[0])

    def _straight_into_kafka(self) -> None:
        sink = KafkaSink(self._kafka)
        while True:
            for message in self._bursts[1].get():
                frame = skewed(message, self._skew()) if message.topic == TELEMETRY else message
                _insist(partial(sink.send, frame))
                self._count(frame, taken=True)
            _insist(sink.flush)
            self._end(self._bursts[1])

    def _count(self, message: Message, *, taken: bool) -> None:
        with self._lock:
            self.sent += 1
            if taken:
                self.accepted[(message.topic, message.value)] += 1
            else:
                self.refused += 1
            self.now = max(self.now, message.sim_time.replace(microsecond=0))
            if time.monotonic() >= self._clock_due:
                self.set_clock(self.now)

    def _end(self, bursts: "queue.Queue[list[Message]]") -> None:
        with self._lock:
            self.set_clock(self.now)
        bursts.task_done()


def _insist(step: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            step()
            return
        except (IntakeError, KafkaError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def skewed(message: Message, by: timedelta) -> Message:
    """A console frame as a console whose clock is wrong would send it; what is no frame stays as it is."""
    if not by:
        return message
    try:
        frame = json.loads(message.value)
    except ValueError:
        return message
    return replace(message, value=json.dumps(_moved(frame, by), separators=(",", ":"), ensure_ascii=False).encode())


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {name: _moved(held, by) for name, held in value.items()}
    if isinstance(value, list):
        return [_moved(held, by) for held in value]
    if isinstance(value, str) and value.endswith("Z"):
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            return value
        return (instant + by).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value
