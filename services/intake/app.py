"""The intake as a process: both front doors, the ops endpoints, and a clean stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from structlog.stdlib import BoundLogger

from services.intake.fhir_http import HttpLimits, fhir_app
from services.intake.metrics import IntakeMetrics
from services.intake.mllp import Limits, MllpServer
from services.intake.publisher import KafkaPublisher
from services.runtime.access import senders_access_of
from services.runtime.http_server import HttpServer, http_server, listen
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import Reached
from services.runtime.logs import configure
from services.runtime.ops import Health, serve_ops
from services.runtime.settings import Settings, WrongSetting
from services.runtime.tls import server_context

SERVICE = "intake"
_CHECK_SECONDS = 2.0


@dataclass
class Intake:
    """The parts of the intake. ``up`` says whether Kafka answered when it was last asked."""

    settings: Settings
    publisher: KafkaPublisher
    metrics: IntakeMetrics
    mllp: MllpServer
    http: HttpServer
    log: BoundLogger
    up: bool = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[tuple[int, int]]:
        """Serve both protocols; the MLLP and the HTTP port. What was received in whole is finished before it ends.

        WrongSetting when an address can't be had.
        """
        settings = self.settings
        front = listen(settings, "fhir_intake")
        try:
            port = await self.mllp.start(settings.mllp_host, settings.mllp_port)
        except OSError as problem:
            raise WrongSetting(f"CRYOWATCH_MLLP_HOST, CRYOWATCH_MLLP_PORT: can't listen ({problem.strerror})") from None
        serving = asyncio.create_task(self.http.serve(sockets=[front]))
        try:
            yield port, front.getsockname()[1]
        finally:
            self.http.should_exit = True
            await self.mllp.close()
            await serving
            await asyncio.to_thread(self.publisher.close)

    async def watch(self, health: Health) -> None:
        """Beat, and ask now and then whether Kafka answers; a change is logged once."""
        while True:
            health.beat()
            up = await self.publisher.answers()
            if up != self.up:
                self.up = up
                self.log.info("dependency_answers" if up else "dependency_unavailable", dependency="kafka")
            self.metrics.kafka_up.labels(SERVICE, "kafka").set(up)
            await asyncio.sleep(_CHECK_SECONDS)


def build(settings: Settings, registry: CollectorRegistry | None = None) -> Intake:
    """The intake, not yet listening."""
    log = configure(SERVICE, settings.log_level)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it repeats itself; ``watch`` says once what it means
    metrics = IntakeMetrics(registry or CollectorRegistry())

    def refused(reached: Reached) -> None:
        log.error("kafka_refuses", dependency="kafka", reason=reached.value)

    publisher = KafkaPublisher(KafkaAccess(settings), refused=refused)
    app = fhir_app(
        publisher,
        metrics,
        HttpLimits(settings.fhir_intake_longest, settings.fhir_intake_rate),
        senders_access_of(settings),
    )
    http = http_server(app, server_context(settings, "fhir_intake"), signals=False)
    mllp = MllpServer(
        publisher, metrics, Limits(longest_message=settings.mllp_longest), tls=server_context(settings, "mllp")
    )
    return Intake(settings, publisher, metrics, mllp, http, log)


def run(settings: Settings, registry: CollectorRegistry | None = None) -> None:
    """Run until SIGTERM or SIGINT."""
    asyncio.run(_run(build(settings, registry)))


async def _run(intake: Intake) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    health = Health(ready=lambda: intake.up)
    serve_ops(intake.settings, intake.metrics.registry, health)
    watching = asyncio.create_task(intake.watch(health))
    try:
        async with intake.listening() as (mllp, http):
            intake.log.info("mllp_listening", host=intake.settings.mllp_host, port=mllp)
            intake.log.info("fhir_listening", host=intake.settings.fhir_intake_host, port=http)
            await asyncio.wait({watching, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
    finally:
        watching.cancel()
    intake.log.info("service_stopped")
