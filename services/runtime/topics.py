"""Whether the topics a service needs are there, with the partitions that the registry declares.

Faust says Ready without a word when a source topic is missing, and hangs when it may not read one. So each service
asks first, waits while Kafka can't be reached, and refuses to start when a topic is missing or closed to it.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError, for_code

from services.contracts.registry import Topic
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe, reach
from services.runtime.outcomes import Unavailable


def admin_client(access: KafkaAccess) -> KafkaAdminClient:
    """An admin client; Unavailable when no broker answers."""
    try:
        return KafkaAdminClient(**access.kafka_python(), request_timeout_ms=10_000, bootstrap_timeout_ms=5_000)
    except (KafkaError, OSError, ValueError):
        raise Unavailable("kafka") from None


def partitions(access: KafkaAccess) -> dict[str, int]:
    """The topics that exist and that this user may see, with their number of partitions."""
    return {t["name"]: len(t["partitions"]) for t in _described(access, None) if not t.get("error_code")}


def problems(access: KafkaAccess, wanted: Sequence[Topic]) -> list[str]:
    """What is wrong with the topics, in words; empty when all is well."""
    found = {t["name"]: t for t in _described(access, [topic.name for topic in wanted])}
    out = []
    for topic in wanted:
        there = found.get(topic.name, {"error_code": 3})
        if for_code(there["error_code"]) is TopicAuthorizationFailedError:
            out.append(f"topic {topic.name} is closed to this service's user: run `cryowatch acls --apply`")
        elif there["error_code"]:
            out.append(f"topic {topic.name} is missing: run `cryowatch topics create`")
        elif len(there["partitions"]) < topic.partitions:
            out.append(f"topic {topic.name} has {len(there['partitions'])} partitions, {topic.partitions} are declared")
    return out


def unreached(access: KafkaAccess) -> str:
    """Why Kafka can't be reached, in words for whoever runs a command."""
    return reach(access).advice or f"no Kafka broker answers at {','.join(access.brokers)}: set CRYOWATCH_KAFKA"


def _described(access: KafkaAccess, names: list[str] | None) -> list[dict[str, Any]]:
    admin = admin_client(access)
    try:
        found: list[dict[str, Any]] = admin.describe_topics(names)
        return found
    except (KafkaError, OSError):
        raise Unavailable("kafka") from None
    finally:
        admin.close()


def require_topics(
    access: KafkaAccess,
    wanted: Sequence[Topic],
    say: Callable[[bool], None],
    probe: KafkaProbe,
    patience: float = 60.0,
) -> None:
    """Wait until the topics are there.

    As long as no broker answers it waits, with growing pauses; ``say`` is told once that none does, and once that one
    does again. SystemExit in words when a broker answers and for ``patience`` seconds refuses this client, or a topic
    is missing or closed to it: a supervisor starts the service again, and everybody sees that it can't work.
    """
    wrong_since: float | None = None
    up: bool | None = None
    delay = 0.2
    while True:
        wrong: list[str] = []
        try:
            wrong = problems(access, wanted)
        except Unavailable:
            reached = probe.ask()
            wrong = [reached.advice] if reached.refused else []
            if up is not False:
                up = False
                say(False)
        else:
            if up is False:
                say(True)
            up = True
            if not wrong:
                return
        wrong_since = (wrong_since or time.monotonic()) if wrong else None
        if wrong_since is not None and time.monotonic() - wrong_since > patience:
            raise SystemExit("; ".join(wrong))
        time.sleep(delay)
        delay = min(delay * 2, 5)
