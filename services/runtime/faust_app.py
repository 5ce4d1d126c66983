"""The Faust app that a worker runs: no tables, no topics of its own, no web pages, bundles instead of records."""

import asyncio
import tempfile
from typing import Any

import faust

from services.runtime.bundle_consumer import POLLS
from services.runtime.bundle_producer import BATCH, SEND_TIMEOUT
from services.runtime.bundle_transport import BundleTransport
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import Settings

FETCH = 256 * 2**10
"""Bytes of a partition at once, one record at least: a partition's backlog is read to its end before the next one's."""


def make_app(service: str, settings: Settings, access: KafkaAccess, loop: asyncio.AbstractEventLoop) -> Any:
    """An app of the consumer group ``cryowatch-<service>``, still without agents. Faust has no types."""
    app = faust.App(
        f"cryowatch-{service}",
        loop=loop,
        broker="kafka://" + ";kafka://".join(access.brokers),
        broker_credentials=access.faust(),
        datadir=f"{tempfile.gettempdir()}/cryowatch-faust-{service}",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        web_tables_enabled=False,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / 5,
        broker_rebalance_timeout=60.0,
        broker_commit_interval=1.0,
        broker_max_poll_records=max(1, settings.batch // POLLS),
        consumer_max_fetch_size=FETCH,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance or None,
        stream_buffer_maxsize=4,
        stream_wait_empty=True,
        producer_request_timeout=SEND_TIMEOUT,
        producer_max_request_size=32 * 2**20,
        producer_max_batch_size=BATCH,
    )
    app.transport = BundleTransport(app.conf.broker_consumer, app)
    return app
