"""Whether the topics a service needs are there, with the partitions that the registry declares.

Faust says Ready without a word when a source topic is missing, and hangs when it may not read one. So each service
asks first, waits while Kafka can't be reached, and refuses to start when a topic is missing.
"""

import time
from collections.abc import Callable, Sequence

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from services.contracts.registry import Topic
from services.runtime.outcomes import Unavailable


def admin_client(brokers: str) -> KafkaAdminClient:
    """An admin client; Unavailable when no broker answers."""
    try:
        return KafkaAdminClient(bootstrap_servers=brokers, request_timeout_ms=10_000, bootstrap_timeout_ms=5_000)
    except (KafkaError, OSError, ValueError):
        raise Unavailable("kafka") from None


def partitions(brokers: str) -> dict[str, int]:
    """The topics that exist, with their number of partitions."""
    admin = admin_client(brokers)
    try:
        found = admin.describe_topics()
        return {t["name"]: len(t["partitions"]) for t in found if not t.get("error_code")}
    except TopicAuthorizationFailedError:
        raise SystemExit("Kafka refuses to describe the topics: this service's user lacks DESCRIBE on them") from None
    except (KafkaError, OSError):
        raise Unavailable("kafka") from None
    finally:
        admin.close()


def problems(brokers: str, wanted: Sequence[Topic]) -> list[str]:
    """What is wrong with the topics, in words; empty when all is well."""
    there = partitions(brokers)
    out = []
    for topic in wanted:
        if topic.name not in there:
            out.append(f"topic {topic.name} is missing: run `cryowatch topics create`")
        elif there[topic.name] < topic.partitions:
            out.append(f"topic {topic.name} has {there[topic.name]} partitions, {topic.partitions} are declared")
    return out


def require_topics(brokers: str, wanted: Sequence[Topic], say: Callable[[bool], None], patience: float = 60.0) -> None:
    """Wait until the topics are there.

    As long as no broker answers it waits, with growing pauses; ``say`` is told once that none does, and once that one
    does again. SystemExit in words when the broker answers and a topic is still missing after ``patience`` seconds.
    """
    missing_since: float | None = None
    up: bool | None = None
    delay = 0.2
    while True:
        try:
            found = problems(brokers, wanted)
        except Unavailable:
            if up is not False:
                up = False
                say(False)
            missing_since = None
        else:
            if up is False:
                say(True)
            up = True
            if not found:
                return
            missing_since = missing_since or time.monotonic()
            if time.monotonic() - missing_since > patience:
                raise SystemExit("; ".join(found))
        time.sleep(delay)
        delay = min(delay * 2, 5)
