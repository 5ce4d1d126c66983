"""Play a run: to Kafka, through the intake, or into a folder, while the simulated clock advances.

::

    run = build_run(seed=1, cohort="paper", faults=0.3)
    play_to_kafka(run, "127.0.0.1:9092", clock_file=Path("clock"))
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from simulators.folder import write_folder
from simulators.intake_sink import IntakeSink
from simulators.kafka_sink import KafkaSink
from simulators.message import Message
from simulators.run import Run, build_run

__all__ = ["Message", "Run", "build_run", "play_through_intake", "play_to_kafka", "write_folder"]

Progress = Callable[[int, int, datetime], None]
CLOCK_INTERVAL_SECONDS = 0.2


class Sink(Protocol):
    """Where messages go."""

    def send(self, message: Message) -> None:
        """Take one message."""

    def flush(self) -> None:
        """Return when all messages taken are durable."""

    def close(self) -> None:
        """Flush and let go."""


def play_to_kafka(
    run: Run,
    bootstrap: str,
    clock_file: Path | None = None,
    speed: float | None = None,
    progress: Progress | None = None,
) -> None:
    """Produce the run's messages to its topics in the order of arrival.

    ``speed`` is simulated time over real time; None is flat out. The clock file holds the simulated instant
    and ends at the horizon. ``progress`` is told (messages sent, of how many, simulated instant).
    """
    _play(run, KafkaSink(bootstrap), clock_file, speed, progress)


def play_through_intake(
    run: Run,
    bootstrap: str,
    mllp: str,
    fhir_url: str,
    clock_file: Path | None = None,
    speed: float | None = None,
    progress: Progress | None = None,
) -> int:
    """By MLLP (``host:port``) and HTTP; console frames go to Kafka. Returns how many were turned away."""
    sink = IntakeSink(bootstrap, mllp, fhir_url)
    _play(run, sink, clock_file, speed, progress)
    return sink.refused


def write_clock(clock_file: Path, instant: datetime) -> None:
    """Set the simulated clock: an ISO instant in UTC, never half written."""
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    half = clock_file.with_name(clock_file.name + ".new")
    half.write_text(text + "\n", encoding="ascii")
    half.replace(clock_file)


def _play(run: Run, sink: Sink, clock_file: Path | None, speed: float | None, progress: Progress | None) -> None:
    clock_due = 0.0
    previous: datetime | None = None
    try:
        for number, message in enumerate(run.messages, 1):
            if speed and previous is not None:
                time.sleep(max(0.0, (message.sim_time - previous).total_seconds() / speed))
            previous = message.sim_time
            sink.send(message)
            now = time.monotonic()
            if now >= clock_due:
                clock_due = now + CLOCK_INTERVAL_SECONDS
                if clock_file is not None:
                    write_clock(clock_file, message.sim_time)
                if progress is not None:
                    progress(number, len(run.messages), message.sim_time)
        sink.flush()
        if clock_file is not None:
            write_clock(clock_file, run.horizon)
        if progress is not None:
            progress(len(run.messages), len(run.messages), run.horizon)
    finally:
        sink.close()
