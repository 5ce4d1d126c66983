"""The least that each service needs of Kafka, from ``schemas/topics``: who writes, who reads, and with which group.

A user is named ``cryowatch-<service>``, as its consumer group is. Nobody may delete or alter anything; one user more,
``cryowatch-topics``, may create the declared topics and no others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaError, SecurityDisabledError

from services.contracts.registry import Topic
from services.runtime.kafka_access import KafkaAccess
from services.runtime.outcomes import Unavailable
from services.runtime.topics import admin_client

TOPICS_USER = "topics"
TEMPLATE = "User:cryowatch-{service}"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One right: who (a Kafka principal), what, and on which topic or consumer group."""

    principal: str
    resource: str
    name: str
    operation: str


def grants(topics: Iterable[Topic], template: str = TEMPLATE) -> list[Grant]:
    """Every right that the declared topics ask for. ``template`` makes a principal of ``{service}``."""
    found = set()
    for topic in topics:
        for operation, services in (("WRITE", topic.producers), ("READ", topic.consumers)):
            found |= {Grant(_principal(template, service), "TOPIC", topic.name, operation) for service in services}
        found |= {
            Grant(_principal(template, service), "GROUP", f"cryowatch-{service}", "READ") for service in topic.consumers
        }
        owner = _principal(template, TOPICS_USER)
        found |= {Grant(owner, "TOPIC", topic.name, operation) for operation in ("CREATE", "DESCRIBE")}
    return sorted(found)


def command_of(grant: Grant) -> str:
    """The grant in the words of Kafka's own tool."""
    kind = "--topic" if grant.resource == "TOPIC" else "--group"
    return (
        "kafka-acls.sh --bootstrap-server $BROKER --command-config $CONFIG "
        f"--add --allow-principal '{grant.principal}' --operation {grant.operation.title()} {kind} {grant.name}"
    )


def apply(access: KafkaAccess, wanted: Sequence[Grant]) -> tuple[list[Grant], list[Grant]]:
    """Grant what is missing. What was missing, and what these principals hold beyond what is wanted (left alone).

    Unavailable when no broker answers; PermissionError, LookupError when this user may not, or the broker has no
    authorizer.
    """
    admin = admin_client(access)
    try:
        there = {grant for name in {g.principal for g in wanted} for grant in _held(admin.describe_acls(_of(name))[0])}
        missing = sorted(set(wanted) - there)
        if missing and admin.create_acls([_acl(grant) for grant in missing])["failed"]:
            raise PermissionError
        return missing, sorted(there - set(wanted))
    except SecurityDisabledError:
        raise LookupError from None
    except KafkaError as problem:
        if "Authorization" in type(problem).__name__:
            raise PermissionError from None
        raise Unavailable("kafka") from None
    finally:
        admin.close()


def _principal(template: str, service: str) -> str:
    return template.replace("{service}", service.replace(" ", "_"))


def _acl(grant: Grant) -> ACL:
    pattern = ResourcePattern(ResourceType[grant.resource], grant.name, ACLResourcePatternType.LITERAL)
    return ACL(grant.principal, "*", ACLOperation[grant.operation], ACLPermissionType.ALLOW, pattern)


def _of(principal: str) -> ACLFilter:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(principal, None, ACLOperation.ANY, ACLPermissionType.ALLOW, anything)


def _held(acls: Iterable[ACL]) -> list[Grant]:
    return [
        Grant(
            one.principal,
            one.resource_pattern.resource_type.name,
            one.resource_pattern.resource_name,
            one.operation.name,
        )
        for one in acls
    ]
