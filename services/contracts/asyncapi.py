"""The AsyncAPI 3 document of the topics, made from the registry; ``schemas/asyncapi.yaml`` is its committed text."""

from typing import Any

import yaml

from services.contracts.registry import Topic, topics


def document() -> dict[str, Any]:
    """The whole document."""
    found = topics()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "CryoWatch topics",
            "version": "1.0.0",
            "description": "Made from schemas/topics by `cryowatch topics asyncapi`.",
            "license": {"name": "Apache-2.0"},
        },
        "channels": {topic.name: _channel(topic) for topic in found},
        "operations": {
            f"{service.replace(' ', '_')}.{verb}.{topic.name}": {
                "action": verb,
                "channel": {"$ref": f"#/channels/{topic.name}"},
            }
            for topic in found
            for verb, services in (("send", topic.producers), ("receive", topic.consumers))
            for service in services
        },
        "components": {"messages": {topic.name: _message(topic) for topic in found}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": topic.config["cleanup.policy"].split(",")}
                | ({"retention.ms": int(topic.config["retention.ms"])} if "retention.ms" in topic.config else {}),
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(topic: Topic) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": topic.name,
        "contentType": topic.media_type,
        "summary": topic.description,
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
    }
    if topic.schema:
        message["payload"] = {"$ref": f"messages/{topic.schema}.schema.json"}
    return message


def text() -> str:
    """The document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)
