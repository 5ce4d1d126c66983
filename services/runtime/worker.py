"""The one shape of every stream processor: a Faust agent without tables, one SQL transaction per batch, an outbox.

Three outcomes of a batch: done; a row the database rejects, found by halving and sent to dead letters; a dependency
that is unavailable, and then the same batch is tried until it answers. Faust acknowledges a batch even when the agent
raises or is cancelled, so nothing may leave the agent's body: a bug ends the process before the acknowledgment.
"""

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import faust
import faust.exceptions
from aiokafka.errors import BrokerResponseError
from sqlalchemy import Engine, text

from services.contracts.registry import topic as declared
from services.runtime import outbox
from services.runtime.database import contended, rejected, unavailable, written_twice
from services.runtime.faust_app import make_app
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe, Reached
from services.runtime.logs import configure
from services.runtime.message import InboundMessage, inbound
from services.runtime.metrics import PipelineMetrics
from services.runtime.ops import Health, serve_ops
from services.runtime.outbox_publisher import OutboxPublisher
from services.runtime.outcomes import Unavailable
from services.runtime.settings import Settings
from services.runtime.topics import require_topics

EX_BUG, EX_UNFINISHED, EX_BREAKER = 70, 75, 76
"""Exit codes: a bug; asked to stop with work unacknowledged (it is redelivered); too many dead letters in a row."""


MOST_TIMES_TWICE = 30
"""A row that another worker has just written is there when the batch is tried again; so often, it is a bug of ours."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How a batch came out: messages by (topic, outcome), and dead letters in a row at its end, or all through it."""

    counts: dict[tuple[str, str], int]
    dead_run: int
    unbroken: bool

    @classmethod
    def of(cls, counts: dict[tuple[str, str], int], dead: Sequence[bool]) -> "Applied":
        """``dead`` says of each message whether it is a dead letter. Without a new one none counts.

        What is delivered again has been counted before.
        """
        if not any(outcome == "dead_letter" for _, outcome in counts):
            return cls(counts, 0, unbroken=False)
        run = next((number for number, buried in enumerate(reversed(dead)) if not buried), len(dead))
        return cls(counts, run, run == len(dead))


@dataclass(frozen=True, slots=True)
class Processor:
    """What a service does with a batch, in one transaction, and with a single message the database rejects."""

    service: str
    sources: tuple[str, ...]
    sinks: tuple[str, ...]
    apply: Callable[[Engine, Sequence[InboundMessage]], Applied]
    bury: Callable[[Engine, InboundMessage], Applied]


class Worker:
    """Runs one processor until it is told to stop."""

    def __init__(self, processor: Processor, settings: Settings, engine: Engine) -> None:
        self.processor, self.settings, self.engine = processor, settings, engine
        self.log = configure(processor.service, settings.log_level)
        self.metrics = PipelineMetrics(processor.service, processor.sources)
        self.health = Health(ready=lambda: self._ready())
        self._answers = {"kafka": False, "database": False}
        self._dead_run = 0
        self._kafka = KafkaAccess(settings)
        self._probe = KafkaProbe(self._kafka, self._refused_by_kafka)
        self._in_hand: dict[int, datetime | None] = {}
        self.app: Any = None
        self.stopping: asyncio.Event
        self._queued: asyncio.Event

    def run(self) -> None:
        """Block until stopped. Exits the process."""
        wanted = [declared(name) for name in (*self.processor.sources, *self.processor.sinks)]
        self.log.info("service_starts")
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # nothing is in hand before the topics are there
        serve_ops(self.settings, self.metrics.registry, self.health, self._refresh)
        require_topics(self._kafka, wanted, lambda up: self._said("kafka", up), self._probe)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.stopping, self._queued = asyncio.Event(), asyncio.Event()
        self.app = self._faust(loop)
        gc.freeze()  # what is there now stays: to look through it takes 0.2 s, in the middle of a batch
        worker = faust.Worker(
            self.app, loop=loop, loglevel="ERROR", quiet=True, redirect_stdouts=False, override_logging=False
        )
        threading.Thread(target=self._watch, args=(worker,), name="faust-watch", daemon=True).start()
        worker.execute_from_commandline()

    def _watch(self, worker: Any) -> None:
        """End the process when Faust has crashed: it may leave the process standing, without a consumer.

        An error that a broker has answered with (a commit on a full disk, say) is no bug: the next start tries again.
        """
        while not (crashed := next((one for one in (worker, self.app) if one.crashed), None)):
            time.sleep(0.5)
        reason = crashed.crash_reason or RuntimeError()
        if not self.stopping.is_set():
            self._die("faust_crashed", EX_UNFINISHED if isinstance(reason, BrokerResponseError) else EX_BUG, reason, "")

    def _faust(self, loop: asyncio.AbstractEventLoop) -> Any:
        app = make_app(self.processor.service, self.settings, self._kafka, loop)
        for name in self.processor.sources:
            topic = app.topic(name, key_serializer="raw", value_serializer="raw")
            app.agent(topic, name=f"{self.processor.service}.{name}", concurrency=1)(self._agent)
        app.task(self._publish)
        app.task(self._stop_gracefully)
        app.task(self._heartbeat)
        return app

    async def _agent(self, stream: Any) -> None:
        async for event in stream.events():  # acknowledged when the body asks for the next one
            await self._guard(event.value)
            self._acknowledge(event.message)

    def _acknowledge(self, message: Any) -> None:
        """Acknowledge the other partitions of a bundle; what fails here must not leave the agent either."""
        try:
            self.app.consumer.done(message)
        except BaseException as bug:
            self._die("bug_stops_the_service", EX_BUG, bug, "")

    async def _guard(self, records: list[Any]) -> None:
        """Nothing leaves this body but success: a bug, a cancel or the breaker end the process unacknowledged."""
        started = time.monotonic()
        messages: list[InboundMessage] = []
        try:
            messages = [inbound(record) for record in records]
            self._in_hand[id(records)] = min((m.timestamp for m in messages if m.timestamp), default=None)
            await self._apply(messages)
        except asyncio.CancelledError:
            os._exit(EX_UNFINISHED)
        except BaseException as bug:
            self._die("bug_stops_the_service", EX_BUG, bug, messages[0].place if messages else "")
        del self._in_hand[id(records)]
        self.metrics.batch_seconds.labels(self.processor.service).observe(time.monotonic() - started)
        newest = max((m.timestamp for m in messages if m.timestamp), default=None)
        if newest:
            self.metrics.last_message.labels(self.processor.service).set(newest.timestamp())

    def _die(self, event: str, code: int, bug: BaseException, place: str) -> None:
        frame = bug.__traceback__
        while frame and frame.tb_next:
            frame = frame.tb_next
        where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
        self.log.critical(event, error=type(bug).__name__, where=where, place=place)
        os._exit(code)

    async def _apply(self, messages: list[InboundMessage]) -> None:
        try:
            applied = await self._insist(self.processor.apply, messages)
        except Exception as problem:
            if not rejected(problem):
                raise
            if len(messages) == 1:
                applied = await self._insist(self.processor.bury, messages[0])
            else:
                half = len(messages) // 2
                await self._apply(messages[:half])
                await self._apply(messages[half:])
                return
        self._queued.set()
        self._count(applied, messages)

    def _count(self, applied: Applied, messages: list[InboundMessage]) -> None:
        for (topic, outcome), number in applied.counts.items():
            self.metrics.count(topic, outcome, number)
        self._dead_run = self._dead_run + applied.dead_run if applied.unbroken else applied.dead_run
        if self._dead_run >= self.settings.dead_letter_limit:
            self.log.critical("too_many_dead_letters_in_a_row", count=self._dead_run, place=messages[-1].place)
            os._exit(EX_BREAKER)

    async def _insist(self, step: Callable[..., Applied], argument: object) -> Applied:
        """Carry out a step; while a dependency doesn't answer, wait and try again, and acknowledge nothing."""
        delay, twice = 0.1, 0
        while True:
            try:
                applied = await asyncio.to_thread(step, self.engine, argument)
                self._answer("database", True)
                return applied
            except Exception as problem:
                if not (isinstance(problem, Unavailable) or unavailable(problem)):
                    raise
                if not contended(problem):
                    self._answer("database", False)
                twice += written_twice(problem)
                if twice > MOST_TIMES_TWICE:
                    raise
                if self.stopping.is_set():
                    os._exit(EX_UNFINISHED)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5)

    def _answer(self, dependency: str, up: bool) -> None:
        """Note whether a dependency answers; said once on each change."""
        if self._answers[dependency] != up:
            self._said(dependency, up)
        self._answers[dependency] = up
        self.metrics.dependency_up.labels(self.processor.service, dependency).set(up)

    def _said(self, dependency: str, up: bool) -> None:
        self.log.info("dependency_answers" if up else "dependency_unavailable", dependency=dependency)

    async def _publish(self) -> None:
        sinks, producer = self.processor.sinks, self.app.maybe_start_producer
        publisher = OutboxPublisher(self.engine, sinks, producer, self._answer, self.log)
        await publisher.run(self.stopping, self._queued, self.health.beat)

    async def _heartbeat(self) -> None:
        while True:
            self.health.beat()
            self._answer("kafka", await asyncio.to_thread(self._reaches_kafka))
            if not self._answers["database"]:
                try:
                    await asyncio.to_thread(self._ping)
                    self._answer("database", True)
                except Exception as problem:
                    if not unavailable(problem):
                        raise
            await asyncio.sleep(1)

    def _reaches_kafka(self) -> bool:
        """Whether any broker takes us; the outbox alone would only notice when it has rows to send."""
        return self._probe.ask() is Reached.ANSWERS

    def _refused_by_kafka(self, reached: Reached) -> None:
        self.log.error("kafka_refuses", dependency="kafka", reason=reached.value)

    def _ping(self) -> None:
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def _made_consumer(self) -> Any:
        """The consumer, once Faust has made it. Asked by its public name it would be made here, in the wrong thread."""
        return getattr(self.app, "_consumer", None)

    def _ready(self) -> bool:
        consumer = self._made_consumer()
        try:
            return bool(consumer and consumer.assignment()) and all(self._answers.values())
        except faust.exceptions.NotReady:
            return False

    def _refresh(self) -> None:
        """Bring the gauges up to date that are read when Prometheus asks."""
        consumer = self._made_consumer()
        lag = consumer.lag() if consumer else {}
        self.metrics.progress(lag, [at for at in list(self._in_hand.values()) if at])
        try:
            with self.engine.connect() as connection:
                rows = outbox.waiting(connection, self.processor.sinks)
                self.metrics.outbox_rows.labels(self.processor.service).set(rows)
        except Exception as problem:
            if not unavailable(problem):
                raise

    async def _stop_gracefully(self) -> None:
        """Our own SIGTERM: Faust's waits for ever on a body that is stuck."""
        loop = asyncio.get_running_loop()

        async def stop() -> None:
            await self.app.stop()
            self.log.info("service_stopped")
            os._exit(0)

        def told() -> None:
            self.stopping.set()
            loop.call_later(20, os._exit, EX_UNFINISHED)
            self._stop_task = asyncio.ensure_future(stop())

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told)
