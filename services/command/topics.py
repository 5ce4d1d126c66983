"""``cryowatch topics``: create the topics that ``schemas/`` declares, or check that they are as declared."""

from contextlib import suppress

import click
from kafka.admin import NewTopic
from kafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)
from tenacity import (
    RetryCallState,
    retry,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from services.contracts.asyncapi import text
from services.contracts.registry import topics as declared
from services.runtime.kafka_access import KafkaAccess
from services.runtime.outcomes import Unavailable
from services.runtime.settings import load_settings
from services.runtime.topics import admin_client, partitions, problems, unreached


@click.group()
def topics() -> None:
    """The topics of schemas/topics, in Kafka."""


@topics.command()
@click.option("--replication", default=1, show_default=True, help="Replication factor.")
@click.option("--wait", default=60, show_default=True, help="Seconds to wait for Kafka.")
def create(replication: int, wait: int) -> None:
    """Create what is missing; what exists is left as it is and checked."""
    access = KafkaAccess(load_settings())

    @retry(
        retry=retry_if_exception_type(Unavailable),
        wait=wait_exponential(0.2, max=3),
        stop=stop_after_delay(wait),
        reraise=True,
    )
    def carry_out() -> list[str]:
        there = partitions(access)
        missing = [t for t in declared() if t.name not in there]
        admin = admin_client(access)
        try:
            for topic in missing:
                config = dict(topic.config)
                with suppress(TopicAlreadyExistsError):  # somebody else creates them, too
                    admin.create_topics([NewTopic(topic.name, topic.partitions, replication, topic_configs=config)])
        except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
            raise click.ClickException("Kafka doesn't let this user create topics") from None
        except (KafkaError, OSError):
            raise Unavailable("kafka") from None
        finally:
            admin.close()
        return [t.name for t in missing]

    try:
        made = carry_out()
        left = _settled(access)
    except Unavailable:
        raise click.ClickException(unreached(access)) from None
    click.echo(f"Created {len(made)} of {len(declared())} topics." if made else "All topics are there.")
    if left:
        raise click.ClickException("; ".join(left))


def _last(state: RetryCallState) -> list[str]:
    assert state.outcome is not None
    found: list[str] = state.outcome.result()
    return found


@retry(retry=retry_if_result(bool), wait=wait_fixed(0.3), stop=stop_after_delay(15), retry_error_callback=_last)
def _settled(access: KafkaAccess) -> list[str]:
    """What is wrong with the topics, once the broker's own view of new ones has settled."""
    return problems(access, declared())


@topics.command()
def check() -> None:
    """Compare Kafka's topics with the declared ones."""
    access = KafkaAccess(load_settings())
    try:
        left = problems(access, declared())
    except Unavailable:
        raise click.ClickException(unreached(access)) from None
    if left:
        raise click.ClickException("; ".join(left))
    click.echo(f"All {len(declared())} topics are as declared.")


@topics.command()
def asyncapi() -> None:
    """Print the AsyncAPI 3 document of the topics (schemas/asyncapi.yaml)."""
    click.echo(text(), nl=False)
