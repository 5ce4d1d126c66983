"""``cryowatch rotate-routing-key``: procedure records move to the keys that the new routing key makes."""

import time

import click
from kafka import KafkaProducer
from kafka.errors import KafkaError

from services.charts.outgoing_bodies import RECORDS
from services.charts.rerouting import newest, requeue, waiting
from services.command.connection import reachable
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load_settings
from services.runtime.topics import unreached


@click.command("rotate-routing-key")
@click.option("--wait", default=600, show_default=True, help="Seconds in which the services must send the records.")
def rotate_routing_key(wait: int) -> None:
    """Publish every procedure record under its new Kafka key and delete the old keys.

    Before: move the file routing_key to routing_key_previous, make a new routing_key, restart every service, and see
    that none runs with the old one. After: delete routing_key_previous. It may be interrupted and run again.
    """
    settings = load_settings()
    new, old = settings.secret("routing_key"), settings.secret("routing_key_previous")
    if new == old:
        raise click.ClickException("routing_key and routing_key_previous are the same key")
    access = KafkaAccess(settings)
    with reachable(settings) as engine:
        old_keys = [key for batch in requeue(engine, old, new) for key in batch]
        with engine.connect() as connection:
            mark = newest(connection)
        deadline = time.monotonic() + wait
        while True:
            with engine.connect() as connection:
                left = waiting(connection, mark)
            if not left:
                break
            if time.monotonic() > deadline:
                raise click.ClickException(
                    f"{left} records wait to be sent: start procedure_joiner, then run this again"
                )
            time.sleep(0.2)
    _delete(access, old_keys)
    click.echo(
        f"{len(old_keys)} procedure records have new keys; the old ones are deleted. Delete routing_key_previous."
    )


def _delete(access: KafkaAccess, keys: list[str]) -> None:
    """A tombstone for each key, durable when this returns."""
    try:
        producer = KafkaProducer(**access.kafka_python(), acks="all", enable_idempotence=True, max_block_ms=30_000)
        try:
            for sent in [producer.send(RECORDS, key=key.encode(), value=None) for key in keys]:
                sent.get(timeout=60)
        finally:
            producer.close(timeout=10)
    except (KafkaError, OSError):
        raise click.ClickException(unreached(access) + "; the old keys aren't deleted yet, run this again") from None
